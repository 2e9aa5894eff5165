using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>Reads the blocks of messages as text.</summary>
/// <param name="unreadable">Receives what was left out of older messages.</param>
internal sealed class BlockReader(UnreadableContent unreadable)
{
    // A line about the client that Claude Code puts into the system prompt. It differs from request to request, so with it no request could use the KV cache of
    // the one before.
    private const string BillingHeader = "x-anthropic-billing-header:";

    /// <summary>Types of the blocks that were left out.</summary>
    internal IReadOnlyCollection<string> Omitted => unreadable.Omitted;

    /// <summary>Joins texts with an empty line between them, because blocks are paragraphs.</summary>
    internal static string Join(IEnumerable<string> texts) => string.Join("\n\n", texts);

    /// <summary>Returns the type of a block; null if it has none.</summary>
    internal static string? TypeOf(JsonElement block) =>
        block.ValueKind == JsonValueKind.Object && block.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;

    /// <summary>Returns the blocks of a content with their paths. A string is one text block.</summary>
    /// <exception cref="ApiException">Status 400: the content is neither a string nor an array of blocks, or a block has a wrong value.</exception>
    internal static IEnumerable<(string At, AnthropicBlockBody Block)> Read(JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            yield return (path, new() { Type = "text", Text = content.GetString() });
            yield break;
        }

        if (content.ValueKind != JsonValueKind.Array)
            throw ApiException.BadRequest($"{path} must be a string or an array of blocks.", path);
        foreach ((int index, JsonElement json) in content.EnumerateArray().Index())
        {
            string at = $"{path}[{index}]";
            AnthropicBlockBody? block = json.ValueKind == JsonValueKind.Object ? AnthropicBodyJson.Reader.Read<AnthropicBlockBody>(json, at) : null;
            if (block?.Type is null)
                throw ApiException.BadRequest($"{at} must be an object with a type.", at);
            if (block.Input is { ValueKind: not JsonValueKind.Object })
                throw ApiException.BadRequest($"{at}.input must be an object.", at);
            if (block.Source is { ValueKind: not (JsonValueKind.Object or JsonValueKind.String) })
                throw ApiException.BadRequest($"{at}.source must be an object, or a string.", at);
            yield return (at, block);
        }
    }

    /// <summary>Returns the text of a system prompt.</summary>
    /// <exception cref="ApiException">Status 400: a block is not a text.</exception>
    internal string SystemOf(JsonElement content, string path) => Join(
        Read(content, path).Select(item => TextOf(item.Block, item.At, int.MaxValue)).OfType<string>().Where(static text => !text.StartsWith(BillingHeader, StringComparison.Ordinal)));

    /// <summary>Returns the text of a block; null if the model cannot read it and it belongs to an older turn.</summary>
    /// <param name="message">Index of the message.</param>
    /// <exception cref="ApiException">Status 400: the model cannot read the block, and it belongs to the newest turn.</exception>
    internal string? TextOf(AnthropicBlockBody block, string at, int message)
    {
        string? text = block.Type switch
        {
            "text" => block.Text ?? throw ApiException.BadRequest($"{at}.text is missing.", at),
            "document" => DocumentOf(block, at, message),
            "search_result" => Titled(block, block.Content is { } content ? ResultOf(content, $"{at}.content", message) : ""),
            _ => null,
        };
        if (text is not null || unreadable.TryOmit(message, block.Type))
            return text;
        string what = block.Type == "document" ? "document without a text" : Excerpt.Of(block.Type);
        throw ApiException.BadRequest($"{at} must be a block of type text; this model takes no {what}.", at);
    }

    /// <summary>Returns the text of the result of a tool.</summary>
    /// <inheritdoc cref="TextOf" path="/exception"/>
    internal string ResultOf(JsonElement content, string path, int message)
    {
        bool hasBlocks = content.ValueKind == JsonValueKind.String || (content.ValueKind == JsonValueKind.Array && content.EnumerateArray().All(static block => TypeOf(block) is not null));
        return hasBlocks ? Join(Read(content, path).Select(item => TextOf(item.Block, item.At, message)).OfType<string>()) : content.GetRawText();
    }

    /// <summary>Returns the text of a document; null if it is a file or an address.</summary>
    private string? DocumentOf(AnthropicBlockBody block, string at, int message)
    {
        if (block.Source is not { ValueKind: JsonValueKind.Object } source)
            throw ApiException.BadRequest($"{at}.source must be an object.", at);
        return TypeOf(source) switch
        {
            "text" when source.TryGet("data", out JsonElement data) && data.ValueKind == JsonValueKind.String => Titled(block, data.GetString()!),
            "content" when source.TryGet("content", out JsonElement content) => Titled(block, ResultOf(content, $"{at}.source.content", message)),
            _ => null,
        };
    }

    private static string Titled(AnthropicBlockBody block, string text)
    {
        string? source = block.Source is { ValueKind: JsonValueKind.String } address ? address.GetString() : null;
        return string.Join('\n', new[] { block.Title, source, text }.Where(static line => !string.IsNullOrEmpty(line)));
    }
}
