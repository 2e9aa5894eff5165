using RkLlama.Soak;
using RkLlama.Soak.Residents;

if (SoakOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(SoakOptions.Usage);
    return 2;
}

return await (options.Residents is not null ? ResidentsSoak.RunAsync(options) : SoakRun.RunAsync(options)).ConfigureAwait(false);
