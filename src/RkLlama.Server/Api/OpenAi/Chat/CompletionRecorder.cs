using System.Text.Json;
using RkLlama.Engine.Stored;
using RkLlama.Server.Api.OpenAi.Stored;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>Stores one chat completion when it is complete. A completion that fails is not stored, as at OpenAI.</summary>
internal sealed class CompletionRecorder(OwnedAnswers answers, string id, ChatCompletionRequest request)
{
    private static readonly JsonElement Nothing = JsonElement.Parse("{}");

    internal void Finish(ChatCompletion completion)
    {
        byte[] messages = StoredItems.OfMessages(id, request.StoredMessages!.Value.EnumerateArray().Where(static message => message.ValueKind == JsonValueKind.Object));
        byte[] output = JsonSerializer.SerializeToUtf8Bytes(completion with { Metadata = request.Metadata ?? Nothing }, OpenAiJson.Wire.ChatCompletion);
        answers.Put(StoredKind.ChatCompletion, id, completion.Created, StoredState.Ended, completion.Model, messages, output);
    }
}
