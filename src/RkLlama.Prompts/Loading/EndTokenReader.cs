using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.Prompts.Files;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Loading;

/// <summary>
/// Collects the tokens that end an answer: <c>eos_token_id</c> of <c>generation_config.json</c>, <c>eos_token</c> of <c>tokenizer_config.json</c> and of
/// <c>special_tokens_map.json</c>, and the token that the chat template writes after an assistant message. Without a tokenizer, the texts of the ids come from
/// <c>added_tokens_decoder</c> of <c>tokenizer_config.json</c>. Used for one load only.
/// </summary>
internal sealed partial class EndTokenReader(IReadOnlyList<string> directories, Tokenizer? tokenizer, CancellationToken cancellationToken)
{
    // A longer list is not a list of end tokens.
    private const int MaxTokens = 64;

    // A shorter text may occur in an answer that does not end there.
    private const int MinTextLength = 3;

    private const string Probe = "9f2c61";

    // A template that names this token ends answers with it. The token after an assistant message of the template then also ends the reasoning of an answer.
    private const string ReturnToken = "<|return|>";

    // Only without a tokenizer.
    private readonly Dictionary<int, string> _addedTokens = [];

    private readonly HashSet<int> _ids = [];
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);

    // Matches the end of a turn in the templates of the common model families.
    [GeneratedRegex(@"\G(?:<\|[^<>|\s]{1,40}\|>|<｜[^<>｜\s]{1,40}｜>|</s>|<end_of_turn>|<turn\|>)", RegexOptions.CultureInvariant)]
    private static partial Regex CommonTurnEnd { get; }

    /// <summary>The problems of the files, one sentence each.</summary>
    public List<string> Warnings { get; } = [];

    public EndTokens Read(ChatTemplate template, CpuBudget cpu)
    {
        Parse("tokenizer_config.json", FileLimits.TokenizerConfig, config =>
        {
            ReadText(config);
            if (tokenizer is null)
                ReadAddedTokens(config);
        });
        Parse("generation_config.json", FileLimits.GenerationConfig, ReadIds);
        Parse("special_tokens_map.json", FileLimits.SpecialTokensMap, ReadText);
        if (FindTurnEnd(template, cpu) is { } end)
            AddText(end);
        return new(_ids, [.. _texts]);
    }

    /// <summary>Reads the first file with this name. A file that cannot be read or parsed gives a warning.</summary>
    private void Parse(string name, int maxBytes, Action<JsonElement> read)
    {
        string? file = directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
        if (file is null)
            return;
        try
        {
            using JsonDocument json = TemplateFile.ReadJson(file, maxBytes, cancellationToken);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                read(json.RootElement);
        }
        catch (Exception ex) when (ex is JsonException or IOException or UnauthorizedAccessException)
        {
            Warnings.Add($"The end tokens in {file} are not used: {ex.Message}");
        }
    }

    private void ReadIds(JsonElement config)
    {
        if (!config.TryGetProperty("eos_token_id", out JsonElement value))
            return;
        IEnumerable<JsonElement> ids = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Take(MaxTokens) : [value];
        foreach (JsonElement id in ids)
        {
            if (id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int number))
                AddId(number);
        }
    }

    private void ReadAddedTokens(JsonElement config)
    {
        if (!config.TryGetProperty("added_tokens_decoder", out JsonElement tokens) || tokens.ValueKind != JsonValueKind.Object)
            return;
        foreach (JsonProperty token in tokens.EnumerateObject())
        {
            if (int.TryParse(token.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && ContentOf(token.Value) is { } content)
                _addedTokens[id] = content;
        }
    }

    private void ReadText(JsonElement config)
    {
        if (config.TryGetProperty("eos_token", out JsonElement token) && ContentOf(token) is { } content)
            AddText(content);
    }

    /// <summary>Returns the text of a token, which is a string, or an object whose member <c>content</c> is the string; otherwise null.</summary>
    private static string? ContentOf(JsonElement token)
    {
        if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement content))
            token = content;
        return token.ValueKind == JsonValueKind.String ? token.GetString() : null;
    }

    private void AddId(int id)
    {
        if (tokenizer is null)
        {
            if (_addedTokens.TryGetValue(id, out string? content))
                AddLiteral(content);
            return;
        }

        if (!tokenizer.Contains(id))
            return;
        _ids.Add(id);

        // The text of an ordinary token may occur in an answer that does not end there.
        if (tokenizer.FindAddedToken(id) is { } token)
            AddLiteral(token.Content);
    }

    private void AddText(string text)
    {
        AddLiteral(text);
        if (text.Length > 0 && tokenizer?.TokenId(text) is { } id)
            _ids.Add(id);
    }

    private void AddLiteral(string text)
    {
        if (text.Length >= MinTextLength && !text.Any(char.IsWhiteSpace) && _texts.Count < MaxTokens)
            _texts.Add(text);
    }

    /// <summary>Renders a small conversation and returns the control token directly after the assistant message; null if there is none.</summary>
    private string? FindTurnEnd(ChatTemplate template, CpuBudget cpu)
    {
        if (template.Source.Contains(ReturnToken, StringComparison.Ordinal))
            return null;
        try
        {
            string text = template.Render(new([new("user", "x"), new("assistant", Probe), new("user", "y")]), cpu).Text;
            int probe = text.IndexOf(Probe, StringComparison.Ordinal);
            return probe < 0 ? null : ControlTokenAt(text.AsSpan(probe + Probe.Length).TrimStart());
        }
        catch (TemplateException)
        {
            return null;
        }
    }

    private string? ControlTokenAt(ReadOnlySpan<char> text)
    {
        if (tokenizer is null)
        {
            foreach (ValueMatch match in CommonTurnEnd.EnumerateMatches(text))
                return text.Slice(match.Index, match.Length).ToString();
            return null;
        }

        string? longest = null;
        foreach (AddedToken token in tokenizer.AddedTokens)
        {
            if (token.Content.Length > (longest?.Length ?? 0) && text.StartsWith(token.Content) && !string.IsNullOrWhiteSpace(token.Content))
                longest = token.Content;
        }

        return longest;
    }
}
