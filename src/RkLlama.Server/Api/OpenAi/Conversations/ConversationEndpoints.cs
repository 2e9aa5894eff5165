using System.Text.Json;
using RkLlama.Engine.Stored;
using RkLlama.Prompts;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Conversations;

/// <summary>The endpoints of conversations, whose items come before the input of responses.</summary>
internal static class ConversationEndpoints
{
    private const int MaxNewItems = 20;

    private static readonly JsonElement Nothing = JsonElement.Parse("{}"), None = JsonElement.Parse("[]");

    internal static void Map(IEndpointRouteBuilder routes, string[] read)
    {
        routes.MapPost("/v1/conversations", Create).WithMetadata(StoredOperations.CreateConversation);
        routes.MapMethods("/v1/conversations/{id}", read, Get).WithMetadata(StoredOperations.GetConversation);
        routes.MapPost("/v1/conversations/{id}", Update).WithMetadata(StoredOperations.UpdateConversation);
        routes.MapDelete("/v1/conversations/{id}", Delete).WithMetadata(StoredOperations.DeleteConversation);
        routes.MapMethods("/v1/conversations/{id}/items", read, ListItems).WithMetadata(StoredOperations.ListConversationItems);
        routes.MapPost("/v1/conversations/{id}/items", AddItems).WithMetadata(StoredOperations.AddConversationItems);
        routes.MapMethods("/v1/conversations/{id}/items/{item}", read, GetItem).WithMetadata(StoredOperations.GetConversationItem);
        routes.MapDelete("/v1/conversations/{id}/items/{item}", DeleteItem).WithMetadata(StoredOperations.DeleteConversationItem);
    }

    private static async Task<JsonResult<StoredConversation>> Create(HttpContext context, RequestReader reader, TimeProvider time)
    {
        ConversationBody body = await reader.ReadAsync(context, static (json, cpu) => Check(OpenAiRequest.Read<ConversationBody>(json), static body => body.Items, cpu)).ConfigureAwait(false);
        OwnedAnswers answers = OwnedAnswers.Require(OwnedAnswers.Of(context), "conversation");
        StoredConversation created = new(
            OpenAiWriter.NewId("conv_"), "conversation", time.GetUtcNow().ToUnixTimeSeconds(), OpenAiRequest.CheckMetadata(body.Metadata) ?? Nothing);
        return answers.Put(StoredKind.Conversation, created.Id, created.CreatedAt, StoredState.Ended, null, StoredItems.Of([], body.Items ?? None), Serialize(created))
            ? new(created, OpenAiJson.Wire.StoredConversation)
            : throw OwnedAnswers.TooLarge();
    }

    private static JsonResult<StoredConversation> Get(string id, HttpContext context) => Show(OwnedAnswers.Of(context).Get(StoredKind.Conversation, id));

    private static async Task<JsonResult<StoredConversation>> Update(string id, HttpContext context, RequestReader reader)
    {
        MetadataBody body = await reader.ReadAsync(context, static (json, _) => OpenAiRequest.Read<MetadataBody>(json)).ConfigureAwait(false);
        JsonElement metadata = OpenAiRequest.CheckMetadata(body.Metadata) ?? Nothing;
        return Show(OwnedAnswers.Of(context).Update(StoredKind.Conversation, id, present => present with { Output = Serialize(Parse(present) with { Metadata = metadata }) }));
    }

    private static async Task<JsonResult<StoredDeletion>> Delete(string id, HttpContext context)
    {
        await OwnedAnswers.Of(context).DeleteAsync(StoredKind.Conversation, id).ConfigureAwait(false);
        return new(new(id, "conversation.deleted"), OpenAiJson.Wire.StoredDeletion);
    }

    private static JsonResult<StoredList> ListItems(string id, HttpContext context) => new(
        StoredList.Of(PageQuery.Of(context.Request.Query, isAscending: false).Of(ItemsOf(OwnedAnswers.Of(context).Get(StoredKind.Conversation, id)), StoredItems.IdOf)),
        OpenAiJson.Wire.StoredList);

    private static async Task<JsonResult<StoredList>> AddItems(string id, HttpContext context, RequestReader reader)
    {
        ConversationItemsBody body = await reader.ReadAsync(context, static (json, cpu) => Check(OpenAiRequest.Read<ConversationItemsBody>(json), static body => body.Items, cpu)).ConfigureAwait(false);
        JsonElement[] added = [.. OwnedAnswers.Parse(StoredItems.Of([], body.Items)).EnumerateArray()];
        OwnedAnswers.Of(context).Update(StoredKind.Conversation, id, present => present with { Input = StoredItems.Join([.. ItemsOf(present), .. added]) });
        return new(StoredList.Of(new(added, HasMore: false)), OpenAiJson.Wire.StoredList);
    }

    private static JsonResult<JsonElement> GetItem(string id, string item, HttpContext context) => new(
        ItemsOf(OwnedAnswers.Of(context).Get(StoredKind.Conversation, id)) is { } items && Array.FindIndex(items, found => StoredItems.IdOf(found) == item) is >= 0 and var index
            ? items[index]
            : throw NoItem(),
        OpenAiJson.Wire.JsonElement);

    private static JsonResult<StoredConversation> DeleteItem(string id, string item, HttpContext context) => Show(OwnedAnswers.Of(context).Update(
        StoredKind.Conversation,
        id,
        present => Array.Exists(ItemsOf(present), found => StoredItems.IdOf(found) == item)
            ? present with { Input = StoredItems.Join(ItemsOf(present).Where(found => StoredItems.IdOf(found) != item)) }
            : throw NoItem()));

    private static ApiException NoItem() => new(StatusCodes.Status404NotFound, new("The conversation has no item with this id."));

    private static JsonElement[] ItemsOf(StoredContent content) => [.. OwnedAnswers.Parse(content.Input).EnumerateArray()];

    /// <summary>Checks the items of a body, because a wrong one would make each later request of the conversation fail.</summary>
    private static T Check<T>(T body, Func<T, JsonElement?> itemsOf, CpuBudget cpu)
    {
        if (itemsOf(body) is not { } items)
            return body;
        if (items.ValueKind != JsonValueKind.Array || items.GetArrayLength() > MaxNewItems)
            throw JsonFields.Wrong("items", $"an array of at most {MaxNewItems} objects");
        ResponseInput.Check(items, "items", cpu);
        return body;
    }

    private static JsonResult<StoredConversation> Show(StoredContent content) => new(Parse(content), OpenAiJson.Wire.StoredConversation);

    private static StoredConversation Parse(StoredContent content) => JsonSerializer.Deserialize(content.Output.Span, OpenAiJson.Wire.StoredConversation)!;

    private static byte[] Serialize(StoredConversation conversation) => JsonSerializer.SerializeToUtf8Bytes(conversation, OpenAiJson.Wire.StoredConversation);
}
