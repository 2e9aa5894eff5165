using System.Text;
using System.Text.Json;
using RkLlama.Prompts.Files;

namespace RkLlama.Prompts.Loading;

/// <summary>The chat template in a directory with the layout of the Hugging Face library transformers.</summary>
/// <param name="File">The path of the file with the template.</param>
/// <param name="Source">The Jinja source.</param>
/// <param name="ToolSource">The Jinja source for requests with tools; null if there is no separate one.</param>
internal sealed record TemplateFile(string File, string Source, string? ToolSource)
{
    private const string Default = "default";
    private const string ToolUse = "tool_use";

    /// <summary>
    /// Finds the chat templates of a directory, best first: <c>chat_template.jinja</c>, <c>chat_template.json</c> of multimodal models,
    /// <c>tokenizer_config.json</c>. A file without a template is left out. Named templates in <c>additional_chat_templates</c> replace those of the same name;
    /// they are the last result if there is no other. If there is only a template for requests with tools, it is used for all requests.
    /// </summary>
    /// <param name="problems">Receives a warning for each file that cannot be read.</param>
    public static IEnumerable<TemplateFile> FindAll(string directory, List<PromptNote> problems, CancellationToken cancellationToken)
    {
        Dictionary<string, string> additional = [];
        foreach (string name in (string[])[Default, ToolUse])
        {
            if (TryRead(AdditionalFile(name), file => new() { [name] = ReadText(file, cancellationToken) }, problems).TryGetValue(name, out string? source))
                additional[name] = source;
        }

        foreach ((string name, Func<string, Dictionary<string, string>> read) in Sources(cancellationToken))
        {
            string file = Path.Combine(directory, name);
            Dictionary<string, string> named = TryRead(file, read, problems);
            if (named.Count == 0)
                continue;
            foreach ((string key, string source) in additional)
                named[key] = source;
            if (Of(file, named) is { } template)
                yield return template;
        }

        if (Of(AdditionalFile(additional.ContainsKey(Default) ? Default : ToolUse), additional) is { } last)
            yield return last;

        string AdditionalFile(string name) => Path.Combine(directory, "additional_chat_templates", name + ".jinja");
    }

    /// <summary>Reads a JSON file, with or without a byte order mark.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="JsonException">The file is not valid JSON.</exception>
    public static JsonDocument ReadJson(string file, int maxBytes, CancellationToken cancellationToken) =>
        JsonDocument.Parse(Read(file, maxBytes, cancellationToken), JsonLimits.DocumentOptions);

    private static (string Name, Func<string, Dictionary<string, string>> Read)[] Sources(CancellationToken cancellationToken) =>
    [
        ("chat_template.jinja", file => new() { [Default] = ReadText(file, cancellationToken) }),
        ("chat_template.json", file => ReadNamed(file, FileLimits.Template, cancellationToken)),
        ("tokenizer_config.json", file => ReadNamed(file, FileLimits.TokenizerConfig, cancellationToken)),
    ];

    private static TemplateFile? Of(string file, Dictionary<string, string> named)
    {
        string? tool = named.GetValueOrDefault(ToolUse);
        return (named.GetValueOrDefault(Default) ?? tool) is { } source ? new(file, source, tool) : null;
    }

    /// <summary>Reads the templates of a file if it exists. Leaves out blank ones. An error is only reported, because there may be other files.</summary>
    private static Dictionary<string, string> TryRead(string file, Func<string, Dictionary<string, string>> read, List<PromptNote> problems)
    {
        if (!System.IO.File.Exists(file))
            return [];
        try
        {
            return new(read(file).Where(template => !string.IsNullOrWhiteSpace(template.Value)));
        }
        catch (Exception ex) when (ex is JsonException or IOException or UnauthorizedAccessException)
        {
            problems.Add(new(PromptComponent.Template, $"The chat template in {file} cannot be used: {ex.Message}", IsWarning: true));
            return [];
        }
    }

    /// <summary>
    /// Reads the member <c>chat_template</c>: a string; a list of objects with <c>name</c> and <c>template</c>; or an object from names to templates.
    /// </summary>
    private static Dictionary<string, string> ReadNamed(string file, int maxBytes, CancellationToken cancellationToken)
    {
        using JsonDocument json = ReadJson(file, maxBytes, cancellationToken);
        Dictionary<string, string> named = [];
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("chat_template", out JsonElement template))
            return named;
        switch (template.ValueKind)
        {
            case JsonValueKind.String:
                named[Default] = template.GetString()!;
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty item in template.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.String))
                    named[item.Name] = item.Value.GetString()!;
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in template.EnumerateArray())
                {
                    if (TextOf(item, "name") is { } name && TextOf(item, "template") is { } text)
                        named[name] = text;
                }

                break;
        }

        return named;
    }

    private static string? TextOf(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static string ReadText(string file, CancellationToken cancellationToken) =>
        Encoding.UTF8.GetString(Read(file, FileLimits.Template, cancellationToken).Span);

    private static ReadOnlyMemory<byte> Read(string file, int maxBytes, CancellationToken cancellationToken)
    {
        byte[] bytes = RegularFile.ReadAllBytes(file, maxBytes, cancellationToken);
        return bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsMemory(3) : bytes;
    }
}
