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
/// One worker process, on the server's side: the process, its pipes, and two threads that read the pipes. The frame thread passes frames to the handler that
/// <see cref="Start"/> gets. The log thread passes the output of the library to <see cref="Log"/>.
/// </summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LogMarkTimeout = TimeSpan.FromSeconds(10);

    // Maximum time to wait for the end of the pipes of a dead worker. Usually they end at once. But if the library has started a child process, the child has
    // inherited the pipes and keeps them open.
    private static readonly TimeSpan PipeCloseTimeout = TimeSpan.FromSeconds(2);

    private readonly FrameHandler _onFrame;
    private readonly WorkerSettings _settings;
    private readonly Process _process;
    private readonly FrameWriter _frames;
    private readonly Lock _writeLock = new();

    // Log marks, by number. An entry completes when the mark has been read. Either the first waiting caller or the log thread adds it.
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
        _onFrame = onFrame;
    }

    /// <summary>Handles a frame. Called on the frame thread. Must return at once. The payload is valid during the call only.</summary>
    /// <param name="hasNext">Whether the next frame has already arrived.</param>
    internal delegate void FrameHandler(FrameType type, ReadOnlySpan<byte> payload, bool hasNext);

    internal RuntimeLog Log { get; }

    /// <summary>The process id.</summary>
    internal int Id { get; }

    /// <summary>Completes with the exit code when the process has exited.</summary>
    internal Task<int> Exited => _exited.Task;

    /// <summary>Whether the process still exists.</summary>
    internal bool IsAlive => !_exited.Task.IsCompleted;

    /// <summary>
    /// The signal that ended the process, for example <c>SIGSEGV</c>. <c>none</c> if no signal ended it or it still exists. See
    /// <see cref="WorkerExit.SignalOf"/>.
    /// </summary>
    internal string Signal => _exited.Task.IsCompletedSuccessfully ? WorkerExit.SignalOf(_exited.Task.Result) : "none";

    /// <summary>
    /// Waits until the log mark has been read. Then all lines that the worker printed before it have also been read. Also returns when the log has ended, and
    /// after 10 s, because the library may have closed or redirected its stderr.
    /// </summary>
    /// <param name="mark">The number of the mark. See <see cref="WorkerProgram.LogMark"/>.</param>
    internal async Task WaitForLogMarkAsync(int mark)
    {
        await ((Task)Task.WhenAny(Mark(mark).Task, _logEnded.Task)).WaitAsync(LogMarkTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _marks.TryRemove(mark, out _);
    }

    private TaskCompletionSource Mark(int mark) =>
        _marks.GetOrAdd(mark, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>
    /// Waits until all frames have been read. Then the worker has exited, is about to exit, or has sent invalid data. If the process has exited, waits at most
    /// 2 s.
    /// </summary>
    internal async Task FramesEndedAsync()
    {
        await Task.WhenAny(_framesEnded.Task, _exited.Task).ConfigureAwait(false);
        await _framesEnded.Task.WaitAsync(PipeCloseTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Starts <c>rkllama worker</c> in the server's process group, and the two threads that read its pipes.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The process cannot be started.</exception>
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

    /// <summary>Sends a frame with a JSON payload. Any thread.</summary>
    /// <exception cref="IOException">The worker has closed its pipe.</exception>
    internal void Send<T>(FrameType type, T message, JsonTypeInfo<T> typeInfo) =>
        Send(type, JsonSerializer.SerializeToUtf8Bytes(message, typeInfo));

    /// <summary>Sends a frame. Any thread.</summary>
    /// <exception cref="IOException">The worker has closed its pipe.</exception>
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

    /// <summary>Waits up to 5 s for the exit of a worker that has closed its pipe, and describes the exit.</summary>
    /// <returns>Reason: a clause for messages, with the last errors that the library printed. Code: the cause; null if it is unknown.</returns>
    internal async Task<(string Reason, FailureCode? Code)> DescribeExitAsync()
    {
        if (!await WaitForExitAsync(ShutdownTimeout).ConfigureAwait(false))
            return ("the worker stopped answering", null);

        await _logEnded.Task.WaitAsync(PipeCloseTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        int exitCode = await _exited.Task.ConfigureAwait(false);
        string end = WorkerExit.Describe(exitCode);
        return (Log.ErrorText is { Length: > 0 } errors ? $"{end} ({errors})" : end, Log.ErrorCode ?? WorkerExit.CodeOf(exitCode));
    }

    /// <summary>
    /// Asks the worker to exit, and kills it if it has not exited after 5 s. If it still exists 10 s after that, this method returns and <see cref="IsAlive"/>
    /// stays true.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            Send(FrameType.Shutdown, []);
        }
        catch (IOException)
        {
            // The worker has already closed its pipe.
        }

        if (!await WaitForExitAsync(ShutdownTimeout).ConfigureAwait(false) && !await KillAsync().ConfigureAwait(false))
            return;

        await Task.WhenAll(_framesEnded.Task, _logEnded.Task).WaitAsync(PipeCloseTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Process.Dispose does not close streams that were read from its properties. The two threads close stdout and stderr.
        await _process.StandardInput.BaseStream.DisposeAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    /// <summary>Kills the worker and waits up to 10 s for its exit.</summary>
    /// <returns>
    /// <see langword="false"/> if the process still exists. Then it is blocked in the NPU driver: only a process that is blocked in the kernel survives
    /// SIGKILL.
    /// </returns>
    internal async Task<bool> KillAsync()
    {
        if (IsAlive)
            _settings.Kill(_process);
        return await WaitForExitAsync(KillTimeout).ConfigureAwait(false);
    }

    private async Task<bool> WaitForExitAsync(TimeSpan timeout)
    {
        try
        {
            await _exited.Task.WaitAsync(timeout, _settings.Time).ConfigureAwait(false);
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

    private void OnLogLine(string line)
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
                FrameReader reader = new(stream, FrameReader.MaxReplyLength);
                while (reader.TryRead(out FrameType type, out ReadOnlySpan<byte> payload))
                    _onFrame(type, payload, reader.HasNext);
            }
        }
        catch (Exception ex)
        {
            // Any exception, also one for lack of memory, ends this worker: its pipe is closed, so its next write fails. On this thread, an exception would
            // otherwise end the server.
            ReportReadFailure("frames", ex);
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
                    OnLogLine(line);
            }
        }
        catch (Exception ex)
        {
            // If the pipe stayed open without a reader, the worker would block when it writes. The pipe is closed now, so its writes fail.
            ReportReadFailure("log", ex);
        }

        _logEnded.TrySetResult();
    }

    private void ReportReadFailure(string pipe, Exception failure)
    {
        try
        {
            Log.Add($"E rkllama: reading the worker's {pipe} failed: {failure.Message}");
        }
        catch (OutOfMemoryException)
        {
            // There is no memory for the message either.
        }
    }
}
