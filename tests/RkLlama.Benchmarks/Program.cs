using RkLlama.Benchmarks;
using RkLlama.Engine.Workers.Worker;

if (args is ["rag", var ragLibrary, var demos, var server])
{
    await RagBenchmark.RunAsync(server, ragLibrary, demos, Console.Out).ConfigureAwait(false);
    return 0;
}

if (args is ["list", var listLibrary, var listModels, var listServer])
{
    await ListBenchmark.RunAsync(listServer, listLibrary, listModels, Console.Out).ConfigureAwait(false);
    return 0;
}

if (args is ["output"])
{
    OutputBenchmarks.Run(Console.Out);
    return 0;
}

if (args is not [var conformance, var library, var models, var executable, var baseline, var longModels])
{
    Console.Error.WriteLine("usage: RkLlama.Benchmarks CONFORMANCE-DATA LIBRKLLMRT.SO MODELS EXECUTABLE BASELINE MODELS-FOR-LONG-ANSWERS");
    Console.Error.WriteLine("       RkLlama.Benchmarks rag LIBRKLLMRT.SO MODELS EXECUTABLE");
    Console.Error.WriteLine("       RkLlama.Benchmarks list LIBRKLLMRT.SO MODELS EXECUTABLE");
    Console.Error.WriteLine("       RkLlama.Benchmarks output");
    return 2;
}

// The library prints to stdout, which is reserved for the results.
using StreamWriter output = new(WorkerEnvironment.RedirectStandardOutput()) { AutoFlush = true };
PromptBenchmarks.Run(conformance, output);
OutputBenchmarks.Run(output);
await BaselineBenchmark.RunAsync(baseline, executable, library, longModels, output).ConfigureAwait(false);
await LoadBenchmark.PaceAsync(executable, library, longModels, output).ConfigureAwait(false);
await LoadBenchmark.IdleAsync(executable, library, models, output).ConfigureAwait(false);
await LoadBenchmark.GrowthAsync(executable, library, longModels, output).ConfigureAwait(false);
await DownloadBenchmark.RunAsync(executable, library, longModels, output).ConfigureAwait(false);
await RagBenchmark.RunAsync(executable, library, models, output).ConfigureAwait(false);
await ServerBenchmarks.RunAsync(executable, library, models, output).ConfigureAwait(false);
await ListBenchmark.RunAsync(executable, library, models, output).ConfigureAwait(false);
await ConversationBenchmark.RunAsync(library, Path.Combine(models, "demo"), output).ConfigureAwait(false);
return 0;
