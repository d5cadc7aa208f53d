"""Pure decisions: values in, values and reasons out; nothing here does I/O."""
