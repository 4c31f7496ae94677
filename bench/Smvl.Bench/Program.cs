using BenchmarkDotNet.Running;
using Smvl.Bench;

// Operations at the full-size model's shapes, each beside the machine's limit; whole works are measured by smvl bench.
// Smvl.Bench [--filter *Product*] [--list flat]; nothing named means everything. SMVL_THREADS sets the number of threads.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args.Length > 0 ? args : ["--filter", "*"], new OperationConfig());
