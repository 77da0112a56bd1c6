"""The checks of a model, one file per subject. `segkit.model.validate` runs them all."""
