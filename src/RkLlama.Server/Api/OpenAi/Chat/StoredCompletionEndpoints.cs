using System.Text.Json;
using RkLlama.Engine.Stored;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>The endpoints of stored chat completions.</summary>
internal static class StoredCompletionEndpoints
{
    private const string FilterStart = "metadata[";

    internal static void Map(IEndpointRouteBuilder routes, string[] read)
    {
        routes.MapMethods("/v1/chat/completions", read, List).WithMetadata(StoredOperations.ListCompletions);
        routes.MapMethods("/v1/chat/completions/{id}", read, Get).WithMetadata(StoredOperations.GetCompletion);
        routes.MapPost("/v1/chat/completions/{id}", Update).WithMetadata(StoredOperations.UpdateCompletion);
        routes.MapDelete("/v1/chat/completions/{id}", Delete).WithMetadata(StoredOperations.DeleteCompletion);
        routes.MapMethods("/v1/chat/completions/{id}/messages", read, ListMessages).WithMetadata(StoredOperations.ListCompletionMessages);
    }

    private static JsonResult<StoredList> List(HttpContext context)
    {
        OwnedAnswers answers = OwnedAnswers.Of(context);
        IQueryCollection query = context.Request.Query;
        string? model = query["model"] is [{ Length: > 0 } given] ? given : null;
        List<StoredEntry> entries = answers.List(StoredKind.ChatCompletion);
        (string Key, string Value)[] filters = [.. query.Where(static pair => pair.Key.StartsWith(FilterStart, StringComparison.Ordinal) && pair.Key.EndsWith(']'))
            .Select(static pair => (pair.Key[FilterStart.Length..^1], pair.Value.ToString()))];
        List<StoredEntry> wanted = [.. entries.Where(entry => model is null || entry.Model == model)];
        if (filters.Length > 0)
            wanted = [.. wanted.Where(entry => answers.Find(StoredKind.ChatCompletion, entry.Id) is { } content && Fits(OwnedAnswers.Parse(content.Output), filters))];
        PageOf<StoredEntry> page = PageQuery.Of(query, isAscending: true).Of(wanted, static entry => entry.Id);
        JsonElement[] completions = [.. page.Items.Select(entry => answers.Find(StoredKind.ChatCompletion, entry.Id)).OfType<StoredContent>().Select(static content => OwnedAnswers.Parse(content.Output))];
        return new(StoredList.Of(new(completions, page.HasMore)), OpenAiJson.Wire.StoredList);
    }

    private static JsonResult<JsonElement> Get(string id, HttpContext context) =>
        new(OwnedAnswers.Parse(OwnedAnswers.Of(context).Get(StoredKind.ChatCompletion, id).Output), OpenAiJson.Wire.JsonElement);

    private static async Task<JsonResult<JsonElement>> Update(string id, HttpContext context, RequestReader reader)
    {
        MetadataBody body = await reader.ReadAsync(context, static (json, _) => OpenAiRequest.Read<MetadataBody>(json)).ConfigureAwait(false);
        JsonElement metadata = OpenAiRequest.CheckMetadata(body.Metadata) ?? throw JsonFields.Wrong("metadata", "an object");
        StoredContent changed = OwnedAnswers.Of(context).Update(StoredKind.ChatCompletion, id, present => present with
        {
            Output = StoredItems.Write(json =>
            {
                json.WriteStartObject();
                StoredItems.CopyProperties(OwnedAnswers.Parse(present.Output), json, "metadata");
                json.WritePropertyName("metadata"u8);
                metadata.WriteTo(json);
                json.WriteEndObject();
            }),
        });
        return new(OwnedAnswers.Parse(changed.Output), OpenAiJson.Wire.JsonElement);
    }

    private static async Task<JsonResult<StoredDeletion>> Delete(string id, HttpContext context)
    {
        await OwnedAnswers.Of(context).DeleteAsync(StoredKind.ChatCompletion, id).ConfigureAwait(false);
        return new(new(id, "chat.completion.deleted"), OpenAiJson.Wire.StoredDeletion);
    }

    private static JsonResult<StoredList> ListMessages(string id, HttpContext context)
    {
        JsonElement[] messages = [.. OwnedAnswers.Parse(OwnedAnswers.Of(context).Get(StoredKind.ChatCompletion, id).Input).EnumerateArray()];
        return new(StoredList.Of(PageQuery.Of(context.Request.Query, isAscending: true).Of(messages, StoredItems.IdOf)), OpenAiJson.Wire.StoredList);
    }

    private static bool Fits(JsonElement completion, (string Key, string Value)[] filters) => completion.TryGetProperty("metadata", out JsonElement metadata)
        && metadata.ValueKind == JsonValueKind.Object
        && filters.All(filter => metadata.TryGetProperty(filter.Key, out JsonElement value) && value.ToString() == filter.Value);
}
