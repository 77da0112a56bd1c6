"""A digest of every row of an intent, for intents with so many cells that rows are too many to keep.

Two intents on the same cells are equal when their digests are (but for a chance far below 2^-128, see
`fingerprint`); cells whose digests differ have rows that differ, and `Intent.row` says in what.

How it is done; all of it for one realm and family at a time, since no flow leaves either:

1. A rule whose source holds few cells is *narrow*, any other is *wide*. Cells that the same wide rules hold
   share a *base* (`board`): with random labels that is one base for some five rows.
2. The line of services is cut wherever a rule of the base, or a narrow rule of one of its rows, begins or
   ends. Between two cuts lies a plane: a bitset over destinations. Wide rules are painted onto the planes in
   reverse precedence, so that the last painter decides (`painting`). Cells lie in the order of their labels,
   so most destinations fill a few machine words, and a rule touches the words of its own window only.
3. For each row its narrow rules are laid onto the base, the flows they change are weighed, and they are taken
   off again. Denies first: inside its box a deny leaves what earlier tiers allow. Then allows: each adds its
   box less the denies of its own and earlier tiers; no other rule can stand against an allow.
4. Fingerprints are linear (`fingerprint`): a row has that of its base, less what its denies took, plus what
   its allows added.
"""

from segkit.intent.digests.rows import row_digests

__all__ = ["row_digests"]
