"""What perf/run-benchmarks, perf/report, perf/compare and perf/chrome-trace are made of."""
