"""Lambda: functions, versions, aliases, and the runtime that executes their code in this process."""
