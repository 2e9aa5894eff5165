using RkLlama.Benchmarks;
using RkLlama.Native;

if (args is not [var conformance, var library, var demoModel])
{
    Console.Error.WriteLine("usage: RkLlama.Benchmarks CONFORMANCE-DATA LIBRKLLMRT.SO DEMO-MODEL-DIRECTORY");
    return 2;
}

// The library prints to stdout, which belongs to the figures.
using StreamWriter output = new(WorkerEnvironment.TakeStandardOutput());
PromptBenchmarks.Run(conformance, output);
await ConversationBenchmark.RunAsync(library, demoModel, output).ConfigureAwait(false);
return 0;
