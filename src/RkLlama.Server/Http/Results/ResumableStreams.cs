using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// The resumable streams of the node: those whose run is active, and those that have ended lately. They are in memory only. Thread-safe.
/// </summary>
internal sealed class ResumableStreams(NodeOptions options, KeepAlive keepAlive, RunQueue queue, ExceptionMapper errors, TimeProvider time)
{
    // Limits of the memory for streams. Streams that have ended are removed first; active ones only refuse new ones.
    private const int MaxActive = 64;
    private const long MaxBytes = 16 << 20;

    private readonly Lock _lock = new();

    // Guarded by _lock. The oldest stream comes first.
    private readonly List<ResumableStream> _streams = [];

    internal KeepAlive KeepAlive => keepAlive;

    internal RunQueue Queue => queue;

    internal ExceptionMapper Errors => errors;

    internal TimeProvider Time => time;

    /// <summary>The present Unix time in seconds.</summary>
    internal long Now => time.GetUtcNow().ToUnixTimeSeconds();

    internal TimeSpan Linger => options.Linger;

    /// <summary>Returns the key of the stream that a request asks for; <see langword="null"/> if the request does not ask for a resumable stream.</summary>
    internal static StreamKey? KeyOf(HttpContext context) => ResumableRequest.IdOf(context) is { } id ? new(AnswerOwner.Of(context), id) : null;

    /// <summary>Starts the stream of a request. A stream with the same key is cancelled and replaced.</summary>
    /// <param name="cancelled">Cancelled if a retry replaces the request, or the operator cancels it. Not cancelled if the client disconnects.</param>
    /// <exception cref="ApiException">Status 503: there are too many active streams.</exception>
    internal ResumableStream Start(
        HttpContext context, StreamKey key, IGenerationEvents answer, IApiWriter writer, IAnswerRecorder? recorder, bool isBackground, CancellationToken cancelled)
    {
        ResumableStream stream = new(key, answer, writer, context.Trace(), recorder, isBackground, this);
        if (!TryAdd(stream))
        {
            answer.Dispose();
            ApiException full = new(StatusCodes.Status503ServiceUnavailable, new("Too many resumable streams are active.")) { Code = "queue_full", RetryAfterSeconds = 10 };
            recorder?.Failed(full);
            throw full;
        }

        stream.Start(cancelled);
        context.Features.Set(stream);
        context.Trace().Cancel = stream.TryCancel;
        return stream;
    }

    /// <summary>Adds a stream, unless too many others are active.</summary>
    private bool TryAdd(ResumableStream stream)
    {
        ResumableStream? replaced;
        bool hasRoom;
        lock (_lock)
        {
            replaced = Find(stream.Key);
            if (replaced is not null)
                _streams.Remove(replaced);
            hasRoom = _streams.Count(static other => !other.Log.HasEnded) < MaxActive;
            if (hasRoom)
                _streams.Add(stream);
        }

        replaced?.Cancel();
        return hasRoom;
    }

    /// <summary>Returns a stream; <see langword="null"/> if there is none.</summary>
    internal ResumableStream? Find(StreamKey key)
    {
        lock (_lock)
            return _streams.Find(stream => stream.Key == key);
    }

    /// <summary>Removes a stream. It stays readable for those who read it.</summary>
    internal void Remove(ResumableStream stream)
    {
        lock (_lock)
            _streams.Remove(stream);
    }

    /// <summary>Cancels the run of a stream, and removes the stream. Has no effect if there is none.</summary>
    internal void Drop(StreamKey key)
    {
        if (Find(key) is not { } stream)
            return;
        stream.Cancel();
        Remove(stream);
    }

    /// <summary>Removes the oldest streams that have ended if all together are too large.</summary>
    internal void Ended()
    {
        lock (_lock)
        {
            long bytes = _streams.Sum(static stream => stream.Log.Length);
            foreach (ResumableStream stream in _streams.Where(static stream => stream.Log.HasEnded).ToArray())
            {
                if (bytes <= MaxBytes)
                    return;
                bytes -= stream.Log.Length;
                _streams.Remove(stream);
            }
        }
    }
}
