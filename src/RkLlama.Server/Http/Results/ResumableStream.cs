using System.Buffers;
using RkLlama.Engine.Generation;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// A stream that outlives the connection of its request. One task reads the events of the generation and writes the stream into a log, from which responses read. If no
/// response reads for the linger time, the run is cancelled, unless it is in the background.
/// </summary>
#pragma warning disable CA1001 // neither the source without a timeout nor the timer keeps anything that the garbage collector does not free
internal sealed class ResumableStream
#pragma warning restore CA1001
{
    private readonly IGenerationEvents _answer;
    private readonly IApiWriter _writer;
    private readonly IAnswerRecorder? _recorder;
    private readonly RequestTrace _trace;
    private readonly ResumableStreams _owner;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();

    // Guarded by _lock. The timer runs while nobody reads, before the end to cancel the run, and after it to remove the stream.
    private readonly ITimer _linger;
    private int _readers;
    private long _completed;

    internal ResumableStream(StreamKey key, IGenerationEvents answer, IApiWriter writer, RequestTrace trace, IAnswerRecorder? recorder, bool isBackground, ResumableStreams owner)
    {
        (Key, _answer, _writer, _trace, _recorder, IsBackground, _owner) = (key, answer, writer, trace, recorder, isBackground, owner);
        Started = owner.Now;
        ContentType = writer.StreamContentType;
        Log = new(ContentType == JsonEventWriter.SseContentType);
        _linger = owner.Time.CreateTimer(static state => ((ResumableStream)state!).OnLingerEnded(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal StreamKey Key { get; }

    internal EventLog Log { get; }

    internal string ContentType { get; }

    /// <summary>Whether the run needs no reader.</summary>
    internal bool IsBackground { get; }

    /// <summary>Unix time in seconds.</summary>
    internal long Started { get; }

    /// <summary>Unix time in seconds; 0 before the end.</summary>
    internal long Completed => Volatile.Read(ref _completed);

    /// <summary>Whether the run has started. Before that it waits in the queue.</summary>
    internal bool HasStarted => _trace.Start is not null;

    /// <summary>Completes when the stream has ended and the answer is stored. Never fails.</summary>
    internal Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Starts the task of the stream.</summary>
    /// <param name="cancelled">Cancelled if a retry replaces the request, or the operator cancels it.</param>
    internal void Start(CancellationToken cancelled) => Completion = Task.Run(() => ProduceAsync(cancelled), CancellationToken.None);

    /// <summary>Cancels the run, if it has not ended.</summary>
    internal void Cancel() => _end.Cancel();

    /// <summary>Cancels the run.</summary>
    /// <returns>Whether it had not ended.</returns>
    internal bool TryCancel()
    {
        bool isActive = !Log.HasEnded;
        Cancel();
        return isActive;
    }

    /// <summary>Called by a response before it reads. It disposes the result when it has read.</summary>
    internal IDisposable Attach()
    {
        lock (_lock)
        {
            _readers++;
            _linger.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        return new Reader(this);
    }

    private void Detach()
    {
        lock (_lock)
        {
            if (--_readers == 0)
                StartLinger();
        }
    }

    /// <summary>Starts the timer if nobody reads. The caller holds the lock.</summary>
    private void StartLinger()
    {
        if (_readers == 0 && (!IsBackground || Log.HasEnded))
            _linger.Change(_owner.Linger, Timeout.InfiniteTimeSpan);
    }

    private void OnLingerEnded()
    {
        lock (_lock)
        {
            if (_readers > 0)
                return;
        }

        if (!Log.HasEnded)
            Cancel();
        else
            _owner.Remove(this);
    }

    private async Task ProduceAsync(CancellationToken cancelled)
    {
        Exception? error = null;
        using (_answer)
        using (CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, cancelled))
        {
            try
            {
                await WriteAsync(both.Token).ConfigureAwait(false);
            }
            catch (Exception ex)
            {
                error = ex is OperationCanceledException ? ApiException.Cancelled("This request was cancelled.") : _owner.Errors.Map(ex);
                _recorder?.Failed(ex is OperationCanceledException ? ex : error);
                if (Log.Length > 0)
                    Log.Append(Bytes(output => _writer.WriteError((ApiException)error, output)));
            }
        }

        Volatile.Write(ref _completed, _owner.Now);
        Log.End(error);
        lock (_lock)
            StartLinger();
        _owner.Ended();
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> buffer = new();
        using KeepAliveTimer keepAlive = _owner.KeepAlive.NewTimer();
        IAsyncEnumerator<GenerationEvent> events = _answer.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        Task<bool> next = events.MoveNextAsync().AsTask();
        while (true)
        {
            // The readers get the keep-alive too, so that positions count all bytes.
            if (!await keepAlive.WaitAsync(next).ConfigureAwait(false))
            {
                _writer.WriteKeepAlive(_owner.Queue.FindPlace(_trace), buffer);
            }
            else
            {
                if (!await next.ConfigureAwait(false))
                    return;
                _writer.WriteEvent(events.Current, buffer);
                next = events.MoveNextAsync().AsTask();
            }

            Log.Append(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        }
    }

    private static byte[] Bytes(Action<ArrayBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        write(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private sealed class Reader(ResumableStream stream) : IDisposable
    {
        public void Dispose() => stream.Detach();
    }
}

/// <summary>Identifies a resumable stream.</summary>
/// <param name="Owner">See <see cref="Requests.AnswerOwner"/>.</param>
/// <param name="Id">The conversation id that the client gave, or the id of a response in the background.</param>
internal readonly record struct StreamKey(string Owner, string Id);
