using System.Text.Json;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Conversations;

/// <summary>A conversation, without its items.</summary>
/// <param name="Object">Always conversation.</param>
/// <param name="CreatedAt">Unix time in seconds.</param>
internal sealed record StoredConversation(string Id, string Object, long CreatedAt, JsonElement Metadata);

/// <summary>A request that creates a conversation.</summary>
internal sealed record ConversationBody
{
    /// <summary>The first items, oldest first: those of the input of a response. At most 20.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>[]))]
    public JsonElement? Items { get; init; }

    /// <summary>Any values. They have no effect.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Metadata { get; init; }
}

/// <summary>A request that adds items to a conversation.</summary>
internal sealed record ConversationItemsBody
{
    /// <summary>The new items, oldest first: those of the input of a response. At most 20.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>[]))]
    public required JsonElement Items { get; init; }
}
