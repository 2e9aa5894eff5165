using RkLlama.Benchmarks;

if (args is not [var conformance])
{
    Console.Error.WriteLine("usage: RkLlama.Benchmarks CONFORMANCE-DATA");
    return 2;
}

PromptBenchmarks.Run(conformance, Console.Out);
return 0;
