using RkLlama.Benchmarks;
using RkLlama.Native;

if (args is not [var conformance, var library, var models, var executable])
{
    Console.Error.WriteLine("usage: RkLlama.Benchmarks CONFORMANCE-DATA LIBRKLLMRT.SO MODELS-DIRECTORY EXECUTABLE");
    return 2;
}

// The library prints to stdout, which belongs to the figures.
using StreamWriter output = new(WorkerEnvironment.TakeStandardOutput());
PromptBenchmarks.Run(conformance, output);
await ServerBenchmarks.RunAsync(executable, library, models, output).ConfigureAwait(false);
await ConversationBenchmark.RunAsync(library, Path.Combine(models, "demo"), output).ConfigureAwait(false);
return 0;
