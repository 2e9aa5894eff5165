using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Engine.Workers.Worker;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// The server's end of one worker: its process, its pipes, and two threads that read them. Frames go to <see cref="OnFrame"/> on the frame
/// thread, what the library prints to <see cref="Log"/>.
/// </summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan OrderlyEnd = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KilledEnd = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LateLog = TimeSpan.FromSeconds(10);

    // What a dead worker had still in its pipes takes no time; they stay open as long as a child of the library lives, which has inherited them.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly WorkerSettings _settings;
    private readonly Process _process;
    private readonly FrameWriter _frames;
    private readonly Lock _writeLock = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _marks = new();
    private readonly TaskCompletionSource _logEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _framesEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WorkerProcess(WorkerSettings settings, Process process, ILogger runtimeLogger, FrameHandler onFrame)
    {
        _settings = settings;
        _process = process;
        Id = process.Id;
        _frames = new(process.StandardInput.BaseStream);
        Log = new(runtimeLogger);
        OnFrame = onFrame;
    }

    /// <summary>Called on the frame thread; must return at once. The payload is valid during the call only.</summary>
    /// <param name="hasNext">Whether another frame has come with this one.</param>
    internal delegate void FrameHandler(FrameType type, ReadOnlySpan<byte> payload, bool hasNext);

    internal RuntimeLog Log { get; }

    internal int Id { get; }

    /// <summary>Completes with the exit code.</summary>
    internal Task<int> Exited => _exited.Task;

    /// <summary>Whether the process is still there.</summary>
    internal bool IsAlive => !_exited.Task.IsCompleted;

    /// <summary>E.g. SIGSEGV; none while the process is there, and for one that ended by itself.</summary>
    internal string Signal => _exited.Task.IsCompletedSuccessfully ? WorkerExit.SignalOf(_exited.Task.Result) : "none";

    private FrameHandler OnFrame { get; }

    /// <summary>
    /// Waits until everything that the worker printed before <paramref name="mark"/> has been read, or the worker is gone, or the mark is not to come:
    /// a library may have done anything with its stderr.
    /// </summary>
    internal async Task LogReadUpToAsync(int mark)
    {
        await ((Task)Task.WhenAny(Mark(mark).Task, _logEnded.Task)).WaitAsync(LateLog).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _marks.TryRemove(mark, out _);
    }

    private TaskCompletionSource Mark(int mark) =>
        _marks.GetOrAdd(mark, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Completes when no more frames come: the worker is gone, or about to be.</summary>
    internal async Task FramesEndedAsync()
    {
        await Task.WhenAny(_framesEnded.Task, _exited.Task).ConfigureAwait(false);
        await _framesEnded.Task.WaitAsync(LastWords).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Starts <c>rkllama worker</c> in the server's process group.</summary>
    internal static WorkerProcess Start(WorkerSettings settings, ILogger runtimeLogger, FrameHandler onFrame)
    {
        ProcessStartInfo info = new(settings.Executable, "worker")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        info.Environment.Remove(SettingsReader.EnvironmentName("api-key"));
        Process process = Process.Start(info) ?? throw new IOException($"{settings.Executable} did not start");
        WorkerProcess worker = new(settings, process, runtimeLogger, onFrame);
        settings.Metrics?.RecordWorkerStart();
        _ = worker.WatchExitAsync();
        Stream frames = process.StandardOutput.BaseStream;
        StreamReader log = process.StandardError;
        new Thread(() => worker.ReadFrames(frames)) { Name = "worker frames", IsBackground = true }.Start();
        new Thread(() => worker.ReadLog(log)) { Name = "worker log", IsBackground = true }.Start();
        return worker;
    }

    /// <exception cref="IOException">The worker is gone.</exception>
    internal void Send<T>(FrameType type, T message, JsonTypeInfo<T> typeInfo) =>
        Send(type, JsonSerializer.SerializeToUtf8Bytes(message, typeInfo));

    /// <exception cref="IOException">The worker is gone.</exception>
    internal void Send(FrameType type, ReadOnlySpan<byte> payload)
    {
        lock (_writeLock)
        {
            try
            {
                _frames.Add(type, payload);
                _frames.Flush();
            }
            catch (ObjectDisposedException ex)
            {
                throw new IOException(ex.Message, ex);
            }
        }
    }

    /// <summary>Waits for the end of a dying worker and describes it, with the last errors that the library printed.</summary>
    internal async Task<(string Reason, FailureCode? Code)> DescribeEndAsync()
    {
        if (!await IsGoneWithinAsync(OrderlyEnd).ConfigureAwait(false))
            return ("the worker stopped answering", null);

        await _logEnded.Task.WaitAsync(LastWords).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        int exitCode = await _exited.Task.ConfigureAwait(false);
        string end = WorkerExit.Describe(exitCode);
        return (Log.ErrorText is { Length: > 0 } errors ? $"{end} ({errors})" : end, Log.ErrorCode ?? WorkerExit.CodeOf(exitCode));
    }

    /// <summary>Ends the worker: asks, and kills it if it does not go. A worker that cannot be killed is left alone: <see cref="IsAlive"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            Send(FrameType.Shutdown, []);
        }
        catch (IOException)
        {
            // It has gone already.
        }

        if (!await IsGoneWithinAsync(OrderlyEnd).ConfigureAwait(false) && !await KillAsync().ConfigureAwait(false))
            return;

        await Task.WhenAll(_framesEnded.Task, _logEnded.Task).WaitAsync(LastWords).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // The process object does not close streams that it handed out. The reading threads close the other two.
        await _process.StandardInput.BaseStream.DisposeAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    /// <summary>Ends the worker at once.</summary>
    /// <returns><see langword="false"/> when it is still there after a while, which is the driver's doing: nothing else survives SIGKILL.</returns>
    internal async Task<bool> KillAsync()
    {
        if (IsAlive)
            _settings.Kill(_process);
        return await IsGoneWithinAsync(KilledEnd).ConfigureAwait(false);
    }

    private async Task<bool> IsGoneWithinAsync(TimeSpan patience)
    {
        try
        {
            await _exited.Task.WaitAsync(patience, _settings.Time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task WatchExitAsync()
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _exited.TrySetResult(_process.ExitCode);
    }

    private void TakeLine(string line)
    {
        if (line.StartsWith(WorkerProgram.LogMark, StringComparison.Ordinal)
            && int.TryParse(line.AsSpan(WorkerProgram.LogMark.Length), CultureInfo.InvariantCulture, out int mark))
            Mark(mark).TrySetResult();
        else
            Log.Add(line);
    }

    private void ReadFrames(Stream stream)
    {
        try
        {
            using (stream)
            {
                FrameReader reader = new(stream);
                while (reader.TryRead(out FrameType type, out ReadOnlySpan<byte> payload))
                    OnFrame(type, payload, reader.HasNext);
            }
        }
        catch (Exception ex) when (ex is IOException or InvalidDataException or JsonException or ObjectDisposedException)
        {
            Log.Add($"E rkllama: the worker's frames broke off: {ex.Message}");
        }

        _framesEnded.TrySetResult();
    }

    private void ReadLog(StreamReader log)
    {
        try
        {
            using (log)
            {
                LogLines lines = new(log);
                while (lines.Next() is { } line)
                    TakeLine(line);
            }
        }
        catch (Exception ex) when (ex is IOException or ObjectDisposedException)
        {
            Log.Add($"E rkllama: the worker's log broke off: {ex.Message}");
        }

        _logEnded.TrySetResult();
    }
}
