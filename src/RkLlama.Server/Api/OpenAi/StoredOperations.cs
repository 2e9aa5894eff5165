using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Conversations;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Describes the endpoints of stored answers in the OpenAPI document.</summary>
internal static class StoredOperations
{
    private const string Unknown = "There is no such stored object of this API key.";

    private const string Paging = "Query: limit (1 to 100, default 20), order (asc or desc), after (id of the last element of the page before).";

    internal static Operation GetResponse { get; } = Reads("getResponse", "Returns a stored response", typeof(Response)) with
    {
        Description = "With the query stream=true, the answer is the stream of a response in the background, from its start or behind the event with the sequence number starting_after. "
            + "If the events are no longer in memory, the stream has only the last event.",
        StreamItem = typeof(ResponseEvent),
    };

    internal static Operation DeleteResponse { get; } = Reads("deleteResponse", "Deletes a stored response", typeof(StoredDeletion)) with
    {
        Description = "If it is made in the background, its run is cancelled.",
    };

    internal static Operation CancelResponse { get; } = Reads("cancelResponse", "Cancels a response in the background", typeof(Response)) with { Errors = [400, 404] };

    internal static Operation ListInputItems { get; } = Reads("listInputItems", "Lists the items before the output of a response", typeof(StoredList)) with { Description = Paging, Errors = [400, 404] };

    internal static Operation CompactResponse { get; } = new("compactResponse", "Not supported") { Description = "Always an error with status 400.", Errors = [400] };

    internal static Operation ListCompletions { get; } = Reads("listChatCompletions", "Lists the stored chat completions", typeof(StoredList)) with
    {
        Description = Paging + " model and metadata[KEY] select completions.",
        Errors = [400],
    };

    internal static Operation GetCompletion { get; } = Reads("getChatCompletion", "Returns a stored chat completion", typeof(ChatCompletion));

    internal static Operation UpdateCompletion { get; } = Reads("updateChatCompletion", "Replaces the metadata of a stored chat completion", typeof(ChatCompletion)) with
    {
        Body = typeof(MetadataBody),
        Example = """{"metadata": {"topic": "weather"}}""",
        Errors = [404, 507],
    };

    internal static Operation DeleteCompletion { get; } = Reads("deleteChatCompletion", "Deletes a stored chat completion", typeof(StoredDeletion));

    internal static Operation ListCompletionMessages { get; } = Reads("listChatCompletionMessages", "Lists the messages of the request of a stored chat completion", typeof(StoredList)) with
    {
        Description = Paging,
        Errors = [400, 404],
    };

    internal static Operation CreateConversation { get; } = Reads("createConversation", "Creates a conversation", typeof(StoredConversation)) with
    {
        Body = typeof(ConversationBody),
        Example = """{"items": [{"type": "message", "role": "user", "content": "Hello"}], "metadata": {"topic": "greeting"}}""",
        Errors = [507],
    };

    internal static Operation GetConversation { get; } = Reads("getConversation", "Returns a conversation without its items", typeof(StoredConversation));

    internal static Operation UpdateConversation { get; } = Reads("updateConversation", "Replaces the metadata of a conversation", typeof(StoredConversation)) with
    {
        Body = typeof(MetadataBody),
        Example = """{"metadata": {"topic": "weather"}}""",
        Errors = [404, 507],
    };

    internal static Operation DeleteConversation { get; } = Reads("deleteConversation", "Deletes a conversation with its items", typeof(StoredDeletion)) with
    {
        Description = "Stored responses of the conversation stay.",
    };

    internal static Operation ListConversationItems { get; } = Reads("listConversationItems", "Lists the items of a conversation", typeof(StoredList)) with { Description = Paging, Errors = [400, 404] };

    internal static Operation AddConversationItems { get; } = Reads("addConversationItems", "Adds items to a conversation", typeof(StoredList)) with
    {
        Body = typeof(ConversationItemsBody),
        Example = """{"items": [{"type": "message", "role": "user", "content": "Hello"}]}""",
        Errors = [404, 507],
    };

    internal static Operation GetConversationItem { get; } = Reads("getConversationItem", "Returns an item of a conversation", typeof(ResponseItem));

    internal static Operation DeleteConversationItem { get; } = Reads("deleteConversationItem", "Deletes an item of a conversation", typeof(StoredConversation)) with { Errors = [404, 507] };

    private static Operation Reads(string id, string summary, Type reply) => new(id, summary) { Reply = reply, Errors = [404], NotFound = Unknown };
}
