using System.Globalization;
using System.Text.Json;

namespace RkLlama.Cli.Chat;

/// <summary>What the options of <c>rkllama run</c> and the command <c>/set</c> choose.</summary>
internal sealed class ChatSettings(string model)
{
    /// <summary>The words that <c>--think</c> accepts.</summary>
    internal static IReadOnlyList<string> ThinkLevels { get; } = ["true", "false", "low", "medium", "high", "max"];

    internal string Model { get; set; } = model;

    /// <summary>The messages of the model, with which each of its conversations begins. The node adds them to each request.</summary>
    internal IReadOnlyList<ChatMessage> ModelMessages { get; set; } = [];

    /// <summary>The system prompt; <see langword="null"/> for that of the model.</summary>
    internal string? System { get; set; }

    internal Dictionary<string, JsonElement> Parameters { get; } = [];

    /// <summary>One of <see cref="ThinkLevels"/>; <see langword="null"/> for the default of the model.</summary>
    internal string? Think { get; set; }

    internal bool HidesThinking { get; set; }

    internal bool IsVerbose { get; set; }

    internal bool IsJson { get; set; }

    internal bool WrapsWords { get; set; } = true;

    /// <summary>How long the model stays loaded: seconds or a text such as <c>5m</c>; <see langword="null"/> for the default of the node.</summary>
    internal string? KeepAlive { get; init; }

    internal JsonElement? KeepAliveJson => KeepAlive is null ? null : int.TryParse(KeepAlive, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int seconds)
        ? JsonElement.Parse(seconds.ToString(CultureInfo.InvariantCulture))
        : Text(KeepAlive);

    /// <summary>Returns the messages in the response of <c>POST /api/show</c>.</summary>
    internal static IReadOnlyList<ChatMessage> MessagesOf(JsonElement model) => model.ValueKind == JsonValueKind.Object && model.TryGetProperty("messages", out JsonElement messages) && messages.ValueKind == JsonValueKind.Array
        ? [.. messages.EnumerateArray().Select(static message => new ChatMessage(TextOf(message, "role"), TextOf(message, "content")))]
        : [];

    /// <summary>Creates the request for the next answer.</summary>
    internal ChatBody ToBody(IReadOnlyList<ChatMessage> messages) => new(
        Model,
        System is null ? messages : [new("system", System), .. messages],
        Parameters.Count > 0 ? Parameters : null,
        Think switch
        {
            null => null,
            "true" or "false" => JsonElement.Parse(Think),
            _ => Text(Think),
        },
        IsJson ? "json" : null,
        KeepAliveJson);

    private static string TextOf(JsonElement message, string name) => message.ValueKind == JsonValueKind.Object && message.TryGetProperty(name, out JsonElement text) ? text.ToString() : "";

    private static JsonElement Text(string text) => JsonElement.Parse($"\"{JsonEncodedText.Encode(text)}\"");
}
