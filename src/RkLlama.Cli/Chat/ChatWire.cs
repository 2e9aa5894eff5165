using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Cli.Chat;

/// <summary>Body of <c>POST /api/chat</c>.</summary>
/// <param name="Think">true, false or a level; absent for the default of the model.</param>
/// <param name="Format"><c>json</c>; absent for text.</param>
/// <param name="KeepAlive">A number of seconds or a text such as <c>5m</c>; absent for the default of the node.</param>
internal sealed record ChatBody(string Model, IReadOnlyList<ChatMessage> Messages, Dictionary<string, JsonElement>? Options, JsonElement? Think, string? Format, JsonElement? KeepAlive)
{
    public bool Stream { get; } = true;
}

/// <summary>One message of a conversation.</summary>
internal sealed record ChatMessage(string Role, string Content);

/// <summary>JSON metadata of the requests.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatBody))]
internal sealed partial class ChatJson : JsonSerializerContext;
