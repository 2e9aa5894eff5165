using System.Globalization;
using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>Models that are made of hostile values, and models that change while they are copied.</summary>
internal static class ChangeAttacks
{
    private const int ExtraFiles = 100;

    internal static IEnumerable<Attack> All =>
    [
        new("create with values that no Modelfile holds", CreateAsync),
        new("copy while the model is deleted or replaced", CopyAsync) { Prepare = AddLarge },
    ];

    private static Task CreateAsync(AttackContext context)
    {
        string licences = string.Join(',', Enumerable.Repeat("\"a\"", 240_000));
        string[] values =
        [
            $"\"license\":[{licences}]",
            $"\"parameters\":{{\"stop\":[{licences}]}}",
            $"\"modelfile\":\"{string.Concat(Enumerable.Repeat("LICENSE a\\n", 60_000))}\"",
            $"\"modelfile\":\"{string.Concat(Enumerable.Repeat("LICENSE a\\n", 6_000))}\"",
        ];
        byte[][] bodies = [.. values.Select(static value => Encoding.UTF8.GetBytes($"{{\"model\":\"made\",\"from\":\"demo\",{value}}}"))];
        return context.LoopAsync(24, client => context.PostAsync("/api/create", bodies[client % bodies.Length], Expected.Any));
    }

    private static void AddLarge(string models, string demo)
    {
        string large = Path.Combine(models, "large");
        DemoModel.Copy(demo, large);
        for (int i = 0; i < ExtraFiles; i++)
            File.WriteAllText(Path.Combine(large, string.Create(CultureInfo.InvariantCulture, $"extra{i}.txt")), "e");
    }

    private static Task CopyAsync(AttackContext context) => context.LoopAsync(
        4,
        async client =>
        {
            await context.PostAsync("/api/copy", $$"""{"source":"large","destination":"x{{client}}"}""", Expected.Any).ConfigureAwait(false);
            Task<Answer> copy = context.PostAsync("/api/copy", $$"""{"source":"x{{client}}","destination":"y{{client}}"}""", Expected.Any);
            Task<Answer> change = client % 2 == 0
                ? context.AskAsync(Delete($"x{client}"), Expected.Any)
                : context.PostAsync("/api/create", $$"""{"model":"x{{client}}","from":"large","stream":false}""", Expected.Any);
            await Task.WhenAll(copy, change).ConfigureAwait(false);
            string made = Path.Combine(context.Models, $"y{client}");
            if (Directory.Exists(made) && Directory.GetFiles(made, "extra*").Length is not ExtraFiles and var count)
                context.Report($"wrong: a copy has {count} of {ExtraFiles} files");
            await context.AskAsync(Delete($"x{client}"), Expected.Any).ConfigureAwait(false);
            await context.AskAsync(Delete($"y{client}"), Expected.Any).ConfigureAwait(false);
        },
        pauseMs: 10);

    private static byte[] Delete(string model) => RawClient.Request("DELETE", "/api/delete", Encoding.UTF8.GetBytes($$"""{"model":"{{model}}"}"""));
}
