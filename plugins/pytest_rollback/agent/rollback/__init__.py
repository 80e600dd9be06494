"""The steps of a rollback beside the recorded files: guard, page, added files, bytecode, undo."""
