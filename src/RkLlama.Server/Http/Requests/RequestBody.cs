using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Requests;

/// <summary>Reads JSON bodies, with limits for their size, for the time to read them, and for their nesting depth. Ignores their content type.</summary>
internal static class RequestBody
{
    // Maximum nesting depth. Enough for any real request. Without a limit, a body could overflow the stack of recursive code.
    private const int MaxDepth = 64;

    // Maximum number of JSON values. The parsed form of a value needs up to a hundred times the memory of its text, so the size of the body is no limit for it.
    private const int MaxValues = 250_000;

    // A larger body is not copied after it is parsed, although the parsed form then keeps the whole buffer.
    private const int MaxCopiedBytes = 32 << 10;

    // The number of reads after which the reader lets the pool thread do other work.
    private const int ReadsPerYield = 4;

    // If a body is too large, the server still reads and discards it up to these limits. Otherwise the client could see a broken connection in place of the
    // error.
    private const long MaxDrainedBytes = 64 << 20;
    private static readonly TimeSpan MaxDrainTime = TimeSpan.FromSeconds(5);

    // Kestrel drops clients that send less than 240 bytes per second. This limit is for clients that send only a little faster.
    private static readonly TimeSpan MaxReadTime = TimeSpan.FromSeconds(60);

    /// <summary>Reads the body without parsing it.</summary>
    /// <exception cref="ApiException">
    /// 413: the body has more than <paramref name="maxBytes"/> bytes. 503: the <see cref="RequestBodyBudget"/> has too few bytes left. 415: the body is
    /// compressed. 408: the body took too long to arrive. 400: the HTTP framing of the body is invalid, or the body is incomplete.
    /// </exception>
    internal static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = await ReadToResponseAsync(request, maxBytes, cancellationToken).ConfigureAwait(false);
        return EncodingOf(request) is { } encoding
            ? throw new ApiException(StatusCodes.Status415UnsupportedMediaType, new($"Content-Encoding {Excerpt.Of(encoding)} is not supported: send the body as it is."))
            : body;
    }

    /// <summary>Parses a body. Ignores a byte order mark at its start.</summary>
    /// <exception cref="ApiException">
    /// Status 400: the body is empty, not valid JSON in UTF-8, nested too deep, has too many values, or has half of a surrogate pair.
    /// </exception>
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
            Check(body.Span);
            if (body.Length > MaxCopiedBytes)
                return JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth }).RootElement;
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.Clone();
        }
        catch (JsonException ex)
        {
            throw ApiException.BadRequest(
                $"The body is not valid JSON (line {(ex.LineNumber ?? 0) + 1}, byte {(ex.BytePositionInLine ?? 0) + 1}), or is nested more than {MaxDepth} levels deep.");
        }
    }

    /// <summary>Reads the JSON once without building objects, to find values that later code cannot or must not read.</summary>
    /// <exception cref="JsonException">The body is not valid JSON or nested too deep.</exception>
    /// <exception cref="ApiException">Status 400: the body has too many values, or has half of a surrogate pair.</exception>
    private static void Check(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        int values = 0;
        while (reader.Read())
        {
            if (++values > MaxValues)
                throw ApiException.BadRequest($"The body has more than {MaxValues} JSON values.");
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped && HasUnpairedSurrogate(reader.ValueSpan))
                throw ApiException.BadRequest("The body has a \\u escape that is half of a surrogate pair: send both halves, or the character itself.");
        }
    }

    /// <summary>
    /// Whether a string has a <c>\u</c> escape that is only half of a surrogate pair. Later code that reads such a string would throw.
    /// </summary>
    /// <param name="text">The text of a valid JSON string, without its quotation marks.</param>
    private static bool HasUnpairedSurrogate(ReadOnlySpan<byte> text)
    {
        bool isAfterHigh = false;
        while (true)
        {
            int escape = text.IndexOf((byte)'\\');
            if (isAfterHigh && (escape != 0 || text[1] != 'u'))
                return true;
            if (escape < 0)
                return false;
            text = text[escape..];
            if (text[1] != 'u')
            {
                text = text[2..];
                continue;
            }

            ushort unit = ushort.Parse(text.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            text = text[6..];
            if (char.IsLowSurrogate((char)unit) != isAfterHigh)
                return true;
            isAfterHigh = char.IsHighSurrogate((char)unit);
        }
    }

    /// <summary>Returns the first content coding that changes the body; null if there is none. A request may have several headers with several codings each.</summary>
    private static string? EncodingOf(HttpRequest request) => request.Headers.ContentEncoding
        .SelectMany(static header => (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        .FirstOrDefault(static coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads the body. If the client ends its input within the body, the response is sent before Kestrel sees this end.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReadToResponseAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHalfCloseFeature>() is not { } halfClose)
            return await ReadInTimeAsync(request, maxBytes, cancellationToken).ConfigureAwait(false);

        halfClose.HoldEndOfInput(request.BodyReader.CancelPendingRead);
        try
        {
            ReadOnlyMemory<byte> body = await ReadInTimeAsync(request, maxBytes, cancellationToken).ConfigureAwait(false);
            halfClose.ReleaseEndOfInput();
            return body;
        }
        catch
        {
            request.HttpContext.Response.OnCompleted(
                static state =>
                {
                    ((IHalfCloseFeature)state).ReleaseEndOfInput();
                    return Task.CompletedTask;
                },
                halfClose);
            throw;
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadInTimeAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        using CancellationTokenSource inTime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        inTime.CancelAfter(MaxReadTime);
        BodyReservation memory = BodyReservation.Of(request.HttpContext);
        memory.ReadStarted(inTime);
        try
        {
            return await ReadAllAsync(request, memory, maxBytes, inTime.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(StatusCodes.Status408RequestTimeout, new($"The body took longer than {MaxReadTime.TotalSeconds:0} s to arrive, or longer than 10 s while other requests waited for memory."))
            {
                ClosesConnection = true,
            };
        }
        catch (Exception ex) when (ex is (IOException and not BadHttpRequestException) or InvalidOperationException)
        {
            // The body has invalid chunk sizes or trailers. Kestrel does not report all of them as BadHttpRequestException.
            throw new ApiException(StatusCodes.Status400BadRequest, new("The body could not be read: its framing is not that of HTTP.")) { ClosesConnection = true };
        }
        finally
        {
            memory.ReadEnded();
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(HttpRequest request, BodyReservation memory, int maxBytes, CancellationToken cancellationToken)
    {
        // The buffer is small at first, because Content-Length may be larger than the body that the client sends.
        ArrayBufferWriter<byte> body = new((int)Math.Clamp(request.ContentLength ?? 0, 256, Math.Min(maxBytes, RequestBodyBudget.UncountedBytesPerBody)));
        long taken = RequestBodyBudget.UncountedBytesPerBody;
        PipeReader reader = request.BodyReader;
        for (int reads = 1; ; reads++)
        {
            // If the data arrives faster than it is read, no call waits. Without a pause, a few large bodies would keep all pool threads busy.
            if (reads % ReadsPerYield == 0)
                await new SharedQueueYield();
            ReadResult result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            long total = body.WrittenCount + result.Buffer.Length;
            if (result.IsCanceled)
                throw Incomplete(request, total);
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
                // A body of which an eighth has arrived takes its whole length, so that several large bodies do not each take a part and then all fail.
                long needed = request.ContentLength is { } length && total >= length / 8 ? length : Math.Max(total, 2 * taken);
                long more = Math.Min(needed, maxBytes) - taken;
                if (!memory.TryTake(more))
                {
                    reader.AdvanceTo(result.Buffer.End);
                    await DrainAsync(reader, MaxDrainedBytes - total, cancellationToken).ConfigureAwait(false);
                    throw new ApiException(StatusCodes.Status503ServiceUnavailable, new("The server is busy with other large requests."))
                    {
                        RetryAfterSeconds = 1,
                    };
                }

                taken += more;
            }

            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                body.Write(segment.Span);
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return body.WrittenMemory;
        }
    }

    private static ApiException Incomplete(HttpRequest request, long received) => new(
        StatusCodes.Status400BadRequest,
        new(request.ContentLength is { } length
            ? $"The body is incomplete: it ended after {received} of {length} bytes."
            : $"The body is incomplete: it ended after {received} bytes, before its last chunk."))
    {
        ClosesConnection = true,
    };

    private static async Task DrainAsync(PipeReader reader, long maxBytes, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(MaxDrainTime);
        try
        {
            for (int reads = 1; maxBytes > 0; reads++)
            {
                if (reads % ReadsPerYield == 0)
                    await new SharedQueueYield();
                ReadResult result = await reader.ReadAsync(timeout.Token).ConfigureAwait(false);
                maxBytes -= result.Buffer.Length;
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || result.IsCanceled)
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            // The time limit is reached, or the client has disconnected.
        }
    }
}
