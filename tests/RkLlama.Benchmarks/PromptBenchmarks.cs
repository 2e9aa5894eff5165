using System.Diagnostics;
using System.Text;
using RkLlama.Prompts;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Benchmarks;

/// <summary>Measures the cost of prompts per request and per model load, with the templates and tokenizers of the conformance data.</summary>
internal static class PromptBenchmarks
{
    private const int ConversationTokens = 2000;

    public static void Run(string conformance, TextWriter output)
    {
        string templates = Path.Combine(conformance, "chat-templates", "templates");
        string tokenizers = Path.Combine(conformance, "tokenizers");
        LoadTokenizers(tokenizers, output);
        CompileTemplates(templates, output);
        foreach (string tokenizer in Directory.EnumerateDirectories(tokenizers).Order(StringComparer.Ordinal))
            BuildPrompt(Path.Combine(tokenizer, "tokenizer.json"), Path.Combine(templates, "hfjs__Qwen_Qwen3_0.6B.jinja"), output);
    }

    private static void LoadTokenizers(string tokenizers, TextWriter output)
    {
        output.WriteLine("| tokenizer.json | tokens | load | allocated by the load | kept |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (string directory in Directory.EnumerateDirectories(tokenizers).Order(StringComparer.Ordinal))
        {
            string file = Path.Combine(directory, "tokenizer.json");
            if (!File.Exists(file))
                continue;
            (Tokenizer tokenizer, double milliseconds, long allocated, long kept) = Load(file);
            output.WriteLine($"| {Path.GetFileName(directory)} | {tokenizer.VocabularySize} | {milliseconds:F0} ms | {allocated / 1e6:F1} MB | {kept / 1e6:F1} MB |");
        }
        output.WriteLine();
    }

    private static (Tokenizer Tokenizer, double Milliseconds, long Allocated, long Kept) Load(string file)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true), allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        Tokenizer tokenizer = Tokenizer.LoadFile(file);
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
        return (tokenizer, milliseconds, allocated, GC.GetTotalMemory(forceFullCollection: true) - before);
    }

    private static void CompileTemplates(string templates, TextWriter output)
    {
        (string Name, int Length, Measurement Cost)[] costs = [.. Directory.EnumerateFiles(templates, "*.jinja").Select(file =>
        {
            string source = File.ReadAllText(file);
            return (Path.GetFileNameWithoutExtension(file), source.Length, Measurement.Of(() => Template.Compile(source)));
        }).OrderByDescending(cost => cost.Item3.Milliseconds)];
        output.WriteLine("| compile of a chat template | characters | time | allocated |");
        output.WriteLine("|---|---|---|---|");
        foreach ((string name, int length, Measurement cost) in (ReadOnlySpan<(string, int, Measurement)>)[costs[0], costs[costs.Length / 2]])
            output.WriteLine($"| {name} ({(name == costs[0].Name ? "slowest" : "median")} of {costs.Length}) | {length} | {cost.Milliseconds:F2} ms | {cost.Bytes / 1024} KiB |");
        output.WriteLine();
    }

    private static void BuildPrompt(string tokenizerFile, string templateFile, TextWriter output)
    {
        if (!File.Exists(tokenizerFile))
            return;
        DirectoryInfo model = Directory.CreateTempSubdirectory("rkllama-bench-");
        try
        {
            File.Copy(tokenizerFile, Path.Combine(model.FullName, "tokenizer.json"));
            File.Copy(templateFile, Path.Combine(model.FullName, "chat_template.jinja"));
            PromptBuilder prompts = PromptBuilder.Load(new PromptSettings("bench") { Directory = model.FullName }, TimeProvider.System);
            Conversation conversation = ConversationOfTokens(prompts, ConversationTokens);
            int tokens = prompts.Build(conversation).TokenCount;
            Measurement cost = Measurement.Of(() => prompts.Build(conversation));
            output.WriteLine($"render and encode {conversation.Messages.Count} messages, {tokens} tokens, {Path.GetFileName(Path.GetDirectoryName(tokenizerFile))}: "
                + $"{cost.Milliseconds:F2} ms, {cost.Bytes / (double)tokens:F0} bytes a token");
        }
        finally
        {
            model.Delete(recursive: true);
        }
    }

    private static Conversation ConversationOfTokens(PromptBuilder prompts, int tokens)
    {
        List<ChatMessage> messages = [new("system", "You are a helpful assistant.")];
        string[] words = ["The", "board", "runs", "quietly", "while", "three", "NPU cores", "multiply", "8-bit", "matrices;", "mémoire", "partagée,", "中文", "12345", "tokens\n"];
        for (int turn = 0; prompts.Build(new(messages)).TokenCount < tokens; turn++)
        {
            StringBuilder text = new();
            for (int word = 0; word < 60; word++)
                text.Append(words[(turn + (word * 7)) % words.Length]).Append(' ');
            messages.Add(new(turn % 2 == 0 ? "user" : "assistant", text.ToString()));
        }
        return new(messages);
    }
}
