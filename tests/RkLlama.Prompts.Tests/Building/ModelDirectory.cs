namespace RkLlama.Prompts.Tests.Building;

/// <summary>A temporary directory with the files of a model. Deleted on disposal.</summary>
internal sealed class ModelDirectory : IDisposable
{
    public ModelDirectory() => Path = Directory.CreateTempSubdirectory("rkllama-prompts-").FullName;

    public string Path { get; }

    public ModelDirectory Add(string name, string text)
    {
        string file = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return this;
    }

    /// <summary>Adds a named pipe. A plain open for reading blocks, because no process opens it for writing.</summary>
    public ModelDirectory AddPipe(string name)
    {
        using System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [System.IO.Path.Combine(Path, name)]);
        make.WaitForExit();
        return this;
    }

    /// <summary>Adds a tokenizer.json whose tokens are the 256 bytes, and control tokens from id 256 on.</summary>
    public ModelDirectory AddTokenizer(params string[] controlTokens)
    {
        List<string> vocabulary = [];
        int next = 256;
        for (int octet = 0; octet < 256; octet++)
        {
            bool isPrintable = octet is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            string symbol = ((char)(isPrintable ? octet : next++)).ToString();
            vocabulary.Add($"{Quote(symbol)}: {octet}");
        }
        IEnumerable<string> added = controlTokens.Select((token, index) =>
            $$"""{"id": {{256 + index}}, "content": {{Quote(token)}}, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}""");
        return Add(
            "tokenizer.json",
            $$"""
            {"added_tokens": [{{string.Join(",", added)}}], "normalizer": null,
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
             "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE", "vocab": { {{string.Join(",", vocabulary)}} }, "merges": []} }
            """);
    }

    public PromptBuilder Load(string modelName = "some-model", Func<PromptSettings, PromptSettings>? with = null)
    {
        PromptSettings settings = new(modelName) { Directory = Path };
        return PromptBuilder.Load(with?.Invoke(settings) ?? settings, TimeProvider.System);
    }

    private static string Quote(string text) => $"\"{System.Text.Json.JsonEncodedText.Encode(text)}\"";

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
