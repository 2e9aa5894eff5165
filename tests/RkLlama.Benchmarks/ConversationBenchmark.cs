using System.Diagnostics;
using System.Text;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Benchmarks;

/// <summary>
/// A conversation of several turns on the demo model, as the worker runs it: the tokens that each turn prefills and its time to first token,
/// with the runtime's prefix cache and with a cleared cache before each turn. On a simulator, the model file determines the speed.
/// </summary>
internal static class ConversationBenchmark
{
    private const int Turns = 6;
    private static readonly string Question = string.Join(' ', Enumerable.Repeat("What is the time in the capital of", 8)) + " France?";

    /// <param name="library">The full path of <c>librkllmrt.so</c>.</param>
    /// <param name="modelDirectory">The directory with <c>demo.rkllm</c> and its tokenizer.</param>
    public static async Task RunAsync(string library, string modelDirectory, TextWriter output)
    {
        PromptBuilder prompts = PromptBuilder.Load(new PromptSettings("demo") { Directory = modelDirectory }, TimeProvider.System);
        using RkllmModel model = RkllmModel.Load(RkllmLibrary.Load(library), new()
        {
            ModelPath = Path.Combine(modelDirectory, "demo.rkllm"),
            MaxContextLength = 4096,
            MaxNewTokens = 64,
        });
        model.DisableChatTemplate();

        Turn[] withCache = Converse(model, prompts, clears: false);
        Turn[] withoutCache = Converse(model, prompts, clears: true);
        await output.WriteLineAsync("| turn | prompt | prefilled | first token | prefilled without reuse | first token without reuse |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|---|---|---|").ConfigureAwait(false);
        for (int i = 0; i < Turns; i++)
        {
            await output.WriteLineAsync($"| {i + 1} | {withCache[i].Prompt} tokens | {withCache[i].Prefilled} tokens | {withCache[i].FirstTokenMs:F0} ms "
                + $"| {withoutCache[i].Prefilled} tokens | {withoutCache[i].FirstTokenMs:F0} ms |").ConfigureAwait(false);
        }
        await output.WriteLineAsync().ConfigureAwait(false);
    }

    private readonly record struct Turn(int Prompt, int Prefilled, double FirstTokenMs);

    private static Turn[] Converse(RkllmModel model, PromptBuilder prompts, bool clears)
    {
        List<ChatMessage> messages = [new("system", "You are a helpful assistant.")];
        Turn[] turns = new Turn[Turns];
        model.ClearKvCache();
        for (int i = 0; i < Turns; i++)
        {
            messages.Add(new("user", Question));
            if (clears)
                model.ClearKvCache();
            Prompt prompt = prompts.Build(new(messages));
            (turns[i], string answer) = Ask(model, prompt);
            messages.Add(new("assistant", answer));
        }
        return turns;
    }

    private static (Turn Turn, string Answer) Ask(RkllmModel model, Prompt prompt)
    {
        StringBuilder answer = new();
        double firstTokenMs = 0;
        long start = Stopwatch.GetTimestamp();
        int prefilled = 0;
        foreach (RunPiece piece in model.Generate(RunInput.FromTokens(prompt.Tokens!), RunParameters.Default, default))
        {
            if (firstTokenMs == 0)
                firstTokenMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            answer.Append(Encoding.UTF8.GetString(piece.Text.Span));
            prefilled = piece.End?.Statistics?.PrefillTokens ?? prefilled;
        }
        return (new(prompt.TokenCount, prefilled, firstTokenMs), answer.ToString());
    }
}
