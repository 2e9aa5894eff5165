using System.Text.Json;
using RkLlama.Engine.Stored;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>What a request continues: the items of a stored response or of a conversation, which come before its input.</summary>
/// <param name="Body">The body of the request, with all items as its input.</param>
/// <param name="NewInput">The input that the request itself has. Undefined if it has none.</param>
internal sealed record ResponseContext(JsonElement Body, JsonElement NewInput, string? PreviousResponseId, string? ConversationId)
{
    /// <exception cref="ApiException">Status 400: there is no such response or conversation, or the answer is not complete.</exception>
    internal static ResponseContext Read(JsonElement json, OwnedAnswers? answers)
    {
        string? previous = TextOf(json, "previous_response_id"), conversation = ConversationOf(json);
        if (previous is not null && conversation is not null)
            throw ApiException.BadRequest("previous_response_id and conversation cannot be used together.", "conversation");
        json.TryGetProperty("input", out JsonElement input);
        if (previous is null && conversation is null)
            return new(json, input, null, null);

        OwnedAnswers stored = OwnedAnswers.Require(answers, previous is null ? "conversation" : "previous_response_id");
        List<JsonElement> earlier = previous is not null ? ItemsOfResponse(previous, stored) : ItemsOfConversation(conversation!, stored);
        byte[] body = StoredItems.Write(writer =>
        {
            writer.WriteStartObject();
            StoredItems.CopyProperties(json, writer, "input");
            writer.WritePropertyName("input"u8);
            writer.WriteRawValue(StoredItems.Of(earlier, input), skipInputValidation: true);
            writer.WriteEndObject();
        });
        return new(OwnedAnswers.Parse(body), input, previous, conversation);
    }

    private static List<JsonElement> ItemsOfResponse(string id, OwnedAnswers answers)
    {
        StoredContent found = answers.Find(StoredKind.Response, id) ?? throw new ApiException(StatusCodes.Status400BadRequest, new($"{OwnedAnswers.NotFound(StoredKind.Response, id).Message}"))
        {
            Code = "previous_response_not_found",
            Parameter = "previous_response_id",
        };
        JsonElement response = OwnedAnswers.Parse(found.Output);
        return found.Entry.State == StoredState.Ended && response.GetProperty("status").GetString() is "completed" or "incomplete"
            ? [.. OwnedAnswers.Parse(found.Input).EnumerateArray(), .. response.GetProperty("output").EnumerateArray()]
            : throw ApiException.BadRequest("previous_response_id must be the id of a response that is complete.", "previous_response_id");
    }

    private static List<JsonElement> ItemsOfConversation(string id, OwnedAnswers answers) => answers.Find(StoredKind.Conversation, id) is { } found
        ? [.. OwnedAnswers.Parse(found.Input).EnumerateArray()]
        : throw ApiException.BadRequest(OwnedAnswers.NotFound(StoredKind.Conversation, id).Message, "conversation");

    private static string? ConversationOf(JsonElement json) =>
        json.TryGet("conversation", out JsonElement given) && given.ValueKind == JsonValueKind.Object
            ? TextOf(given, "id") ?? throw JsonFields.Wrong("conversation", "an id, or an object with an id")
            : TextOf(json, "conversation");

    /// <summary>Returns a field that is an id. Some clients send an empty text for a field that they do not set.</summary>
    private static string? TextOf(JsonElement json, string name)
    {
        if (!json.TryGet(name, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw JsonFields.Wrong(name, "an id");
        return value.GetString() is { Length: > 0 } text ? text : null;
    }
}

/// <summary>What is stored of a request, and what it continues.</summary>
/// <param name="Input">All items, as they are stored; <see langword="null"/> if the response is not stored.</param>
/// <param name="NewItems">The items that a conversation gets; <see langword="null"/> if there is none.</param>
internal sealed record ResponseStorage(bool IsBackground, byte[]? Input, byte[]? NewItems, string? PreviousResponseId, string? ConversationId)
{
    internal bool IsStored => Input is not null;

    /// <exception cref="ApiException">Status 400: a response in the background is not stored.</exception>
    internal static ResponseStorage Of(ResponsesBody body, ResponseContext context, OwnedAnswers? answers)
    {
        bool isBackground = body.Background == true;
        if (isBackground)
        {
            OwnedAnswers.Require(answers, "background");
            if (body.Store == false)
                throw ApiException.BadRequest("A response in the background must be stored: store must not be false.", "store");
        }

        bool isStored = answers is { IsOn: true } && (body.Store ?? true);
        return new(
            isBackground,
            isStored ? StoredItems.Of([], body.Input) : null,
            context.ConversationId is null ? null : StoredItems.Of([], context.NewInput),
            context.PreviousResponseId,
            context.ConversationId);
    }
}
