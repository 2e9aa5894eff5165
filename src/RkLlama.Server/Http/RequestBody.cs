using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;

namespace RkLlama.Server.Http;

/// <summary>Reads JSON bodies, whatever their content type says, within bounds.</summary>
internal static class RequestBody
{
    // Deep enough for any real request; a parser that recursed further could be driven out of its stack.
    private const int MaxDepth = 64;

    // What is too large is still read, up to here, so that the client sees the answer and not a broken connection.
    private const long MaxDrainedBytes = 64 << 20;
    private static readonly TimeSpan MaxDrainTime = TimeSpan.FromSeconds(5);

    // Kestrel drops a client that sends less than 240 bytes a second; this is for one that sends little more.
    private static readonly TimeSpan MaxReadTime = TimeSpan.FromSeconds(60);

    /// <summary>The body, whatever is in it.</summary>
    /// <exception cref="ApiException">
    /// 413 when it is larger than <paramref name="maxBytes"/>, 503 when other bodies leave no room for it, 415 when it is compressed, 408 when it takes
    /// too long.
    /// </exception>
    internal static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = await ReadInTimeAsync(request, maxBytes, cancellationToken).ConfigureAwait(false);
        return request.Headers.ContentEncoding is not [{ Length: > 0 } encoding] || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)
            ? body
            : throw new ApiException(StatusCodes.Status415UnsupportedMediaType, new($"Content-Encoding {encoding} is not supported: send the body as it is."));
    }

    /// <exception cref="ApiException">400: it is not JSON in UTF-8.</exception>
    internal static JsonElement Parse(ReadOnlyMemory<byte> body)
    {
        if (body.Span.StartsWith("\uFEFF"u8))
            body = body[3..];
        if (body.IsEmpty)
            throw new ApiException(StatusCodes.Status400BadRequest, new("The request has no body: send a JSON object.")) { OllamaMessage = "missing request body" };
        if (!Utf8.IsValid(body.Span))
            throw ApiException.BadRequest("The body is not valid UTF-8.");

        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return HasHalfPairs(body.Span)
                ? throw ApiException.BadRequest("The body has a \\u escape that is half of a surrogate pair: send both halves, or the character itself.")
                : document.RootElement.Clone();
        }
        catch (JsonException ex)
        {
            throw ApiException.BadRequest(
                $"The body is not valid JSON (line {(ex.LineNumber ?? 0) + 1}, byte {(ex.BytePositionInLine ?? 0) + 1}), or is nested more than {MaxDepth} levels deep.");
        }
    }

    /// <summary>
    /// Whether a string is no text: an escape that is half of a surrogate pair. Whoever read it later would get an exception in the middle of something.
    /// </summary>
    private static bool HasHalfPairs(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\\u"u8) < 0)
            return false;

        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    reader.GetString();
            }
        }
        catch (InvalidOperationException)
        {
            return true;
        }

        return false;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadInTimeAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        using CancellationTokenSource inTime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        inTime.CancelAfter(MaxReadTime);
        try
        {
            return await ReadAllAsync(request, maxBytes, inTime.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(StatusCodes.Status408RequestTimeout, new($"The body took longer than {MaxReadTime.TotalSeconds:0} s to arrive."))
            {
                ClosesConnection = true,
            };
        }
        catch (Exception ex) when (ex is (IOException and not BadHttpRequestException) or InvalidOperationException)
        {
            // Chunks whose sizes or trailers are none; Kestrel has no better word for some of them.
            throw new ApiException(StatusCodes.Status400BadRequest, new("The body could not be read: its framing is not that of HTTP.")) { ClosesConnection = true };
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        // Not what the client says it will send, before it has.
        ArrayBufferWriter<byte> body = new((int)Math.Clamp(request.ContentLength ?? 0, 256, Math.Min(maxBytes, RequestBodyBudget.Free)));
        RequestBodyBudget memory = request.HttpContext.RequestServices.GetRequiredService<RequestBodyBudget>();
        long taken = RequestBodyBudget.Free;
        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            long total = body.WrittenCount + result.Buffer.Length;
            if (total > maxBytes)
            {
                reader.AdvanceTo(result.Buffer.End);
                await DrainAsync(reader, MaxDrainedBytes - total, cancellationToken).ConfigureAwait(false);
                throw new ApiException(
                    StatusCodes.Status413PayloadTooLarge,
                    new($"The body is larger than {maxBytes} bytes: send a shorter conversation."));
            }

            if (total > taken)
            {
                long more = Math.Min(Math.Max(total, 2 * taken), maxBytes) - taken;
                if (!memory.TryTake(more))
                {
                    reader.AdvanceTo(result.Buffer.End);
                    await DrainAsync(reader, MaxDrainedBytes - total, cancellationToken).ConfigureAwait(false);
                    throw new ApiException(StatusCodes.Status503ServiceUnavailable, new("The server is busy with other large requests."))
                    {
                        RetryAfterSeconds = 1,
                    };
                }

                // Until the request is over: what is made of its body is as large.
                taken += more;
                request.HttpContext.Response.OnCompleted(() =>
                {
                    memory.Return(more);
                    return Task.CompletedTask;
                });
            }

            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                body.Write(segment.Span);
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return body.WrittenMemory;
        }
    }

    private static async Task DrainAsync(PipeReader reader, long maxBytes, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(MaxDrainTime);
        try
        {
            while (maxBytes > 0)
            {
                ReadResult result = await reader.ReadAsync(timeout.Token).ConfigureAwait(false);
                maxBytes -= result.Buffer.Length;
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            // Long enough.
        }
    }
}
