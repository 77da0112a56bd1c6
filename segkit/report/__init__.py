"""Reports for people and machines: pages of tables and lines, rendered as text, Markdown or JSON.

Each module named after a report (`estate`, `matrix`, `explanation`, `proof`, `findings`, `synth`) has
`page(...)`, what a person reads, and `data(...)`, the same facts under stable keys. `text`, `markdown` and
`json` render them.
"""
