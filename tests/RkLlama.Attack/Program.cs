using RkLlama.Attack;

if (AttackOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(AttackOptions.Usage);
    return 2;
}

return await AttackRun.RunAsync(options).ConfigureAwait(false);
