using RkLlama.Soak;

if (SoakOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(SoakOptions.Usage);
    return 2;
}

return await SoakRun.RunAsync(options).ConfigureAwait(false);
