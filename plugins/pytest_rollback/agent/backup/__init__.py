"""The backup set: planned (`save_plan`), saved, verified against its record, compared with git.

Order of calls: `request` is read, `save_plan` looks at the tree, `save` copies and records;
later `verify` tells what is no longer as recorded, `requirements` what a restore would need.
"""
