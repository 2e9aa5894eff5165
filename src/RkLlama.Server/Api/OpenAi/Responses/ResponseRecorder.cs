using System.Text.Json;
using RkLlama.Engine.Stored;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>Stores one response: before its run, and at its end, whatever the end is. Used by the task that reads the events of the generation.</summary>
internal sealed class ResponseRecorder(OwnedAnswers answers, ResponseStorage storage, ResponseBuilder builder, ExceptionMapper mapper) : IAnswerRecorder
{
    private bool _hasEnded;

    /// <summary>Creates the recorder of a response and stores its beginning.</summary>
    /// <returns><see langword="null"/> if nothing is stored: neither the response nor its part of a conversation.</returns>
    internal static ResponseRecorder? Start(HttpContext context, OwnedAnswers answers, ResponsesRequest request, ResponseBuilder builder)
    {
        if (!request.Storage.IsStored && request.Storage.ConversationId is null)
            return null;
        ResponseRecorder recorder = new(answers, request.Storage, builder, context.RequestServices.GetRequiredService<ExceptionMapper>());
        if (request.Storage.Input is { } input)
        {
            byte[] pending = Serialize(builder.Pending(request.Storage.IsBackground ? "queued" : "in_progress"));
            if (!answers.Put(StoredKind.Response, builder.Id, builder.Created, StoredState.Running, request.Model, input, pending) && request.Storage.IsBackground)
                throw OwnedAnswers.TooLarge();
        }

        return recorder;
    }

    /// <summary>Stores the complete response, and adds the new items to its conversation.</summary>
    internal void Finish(Response response)
    {
        _hasEnded = true;
        byte[] json = Serialize(response);

        // First the conversation: a client that sees the complete response may send its next message at once.
        if (storage is { ConversationId: { } conversation, NewItems: { } items })
        {
            IEnumerable<JsonElement> output = OwnedAnswers.Parse(json).GetProperty("output").EnumerateArray();
            answers.TryUpdate(StoredKind.Conversation, conversation, present => present with
            {
                Input = StoredItems.Join([.. OwnedAnswers.Parse(present.Input).EnumerateArray(), .. OwnedAnswers.Parse(items).EnumerateArray(), .. output]),
            });
        }

        if (storage.IsStored)
            answers.SetOutput(StoredKind.Response, builder.Id, json, StoredState.Ended);
    }

    /// <inheritdoc/>
    public void Failed(Exception error)
    {
        if (_hasEnded || !storage.IsStored)
            return;
        _hasEnded = true;
        Response response = builder.Broken(error is OperationCanceledException ? null : ErrorOf(error));
        answers.SetOutput(StoredKind.Response, builder.Id, Serialize(response), StoredState.Ended);
    }

    private ResponseError ErrorOf(Exception error)
    {
        ApiException mapped = error as ApiException ?? mapper.Map(error);
        OpenAiErrorBody body = OpenAiError.From(mapped).Error;
        return new(body.Code ?? body.Type, body.Message);
    }

    private static byte[] Serialize(Response response) => JsonSerializer.SerializeToUtf8Bytes(response, OpenAiJson.Wire.Response);
}
