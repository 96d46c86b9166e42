// Top-level code runs on the main actor, where closures are slow: leave it at once.
BenchmarkCommand.start()
