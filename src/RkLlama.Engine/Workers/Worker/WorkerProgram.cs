using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;
using RkLlama.Native.Vision;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>
/// The main program of a worker process, <c>rkllama worker</c>, which hosts the vendor library. The server starts one worker per loaded model. The worker reads
/// commands from stdin and writes frames to its original stdout. The output of the library goes to stderr. The process ends when its stdin ends.
/// </summary>
internal sealed class WorkerProgram
{
    /// <summary>
    /// First part of a log mark. A log mark is a line with this text and a number. The worker prints it to stderr after the output of the library and before it
    /// sends the reply to a command. Replies and output use different pipes, so only the mark tells the server that it has read all output up to the reply. The
    /// number is <see cref="LoadMark"/> after a load or a failed probe. After a run that failed or generated no token, it is the id of the run.
    /// </summary>
    internal const string LogMark = "rkllama: log mark ";

    /// <summary>The number of the log mark after a load or a failed probe.</summary>
    internal const int LoadMark = 0;

    private readonly FrameWriter _frames;

    // The thread "commands" adds to it, and the main loop takes from it.
    private readonly BlockingCollection<Action> _commands = [];

    // Used on the thread "commands" only: the id of the last run, and the source that aborts it.
    private int _runId;
    private CancellationTokenSource? _stop;

    // Used in the main loop only.
    private RkllmModel? _model;
    private KvCacheTracker _cache = new(isReused: true);
    private VectorRuns? _vectors;
    private TextRuns? _texts;

    private WorkerProgram(Stream output) => _frames = new(output);

    internal static int Run()
    {
        using FileStream output = WorkerEnvironment.RedirectStandardOutput();
        WorkerEnvironment.ResetAffinity();
        WorkerEnvironment.RaiseOomScore();

        // Ctrl-C and systemd's stop signal also reach the worker. It ignores them, because the server decides when a worker ends.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, static context => context.Cancel = true);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static context => context.Cancel = true);

        WorkerProgram worker = new(output);
        new Thread(worker.ReadCommands) { Name = "commands", IsBackground = true }.Start();
        worker.ExecuteCommands();
        return 0;
    }

    /// <summary>
    /// Reads commands until the pipe ends, then ends the process. This thread never calls the library, so it notices the end of the pipe even while the
    /// library hangs.
    /// </summary>
    private void ReadCommands()
    {
        try
        {
            FrameReader reader = new(Console.OpenStandardInput(), FrameReader.MaxCommandLength);
            while (reader.TryRead(out FrameType type, out ReadOnlySpan<byte> payload))
                Dispatch(type, payload);
        }
        catch (Exception ex) when (ex is IOException or InvalidDataException or JsonException)
        {
            Console.Error.WriteLine($"E rkllama: the worker cannot read commands: {ex.Message}");
        }

        WorkerEnvironment.ExitNow(0);
    }

    private void Dispatch(FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.Probe:
                ProbeCommand probe = Read(payload, WorkerJson.Default.ProbeCommand);
                Enqueue(() => Probe(probe));
                break;
            case FrameType.ProbeEncoder:
                EncoderProbeCommand encoder = Read(payload, WorkerJson.Default.EncoderProbeCommand);
                Enqueue(() => Probe(encoder));
                break;
            case FrameType.Load:
                LoadCommand load = Read(payload, WorkerJson.Default.LoadCommand);
                Enqueue(() => Load(load));
                break;
            case FrameType.Run:
                RunCommand run = Read(payload, WorkerJson.Default.RunCommand);
                EnqueueRun(run.Id, stop => Generate(run, stop));
                break;
            case FrameType.Embed:
                EmbedCommand embed = Read(payload, WorkerJson.Default.EmbedCommand);
                EnqueueRun(embed.Id, stop => Embed(embed, stop));
                break;
            case FrameType.Score:
                ScoreCommand score = Read(payload, WorkerJson.Default.ScoreCommand);
                EnqueueRun(score.Id, stop => Score(score, stop));
                break;
            case FrameType.SavePrefix:
                SavePrefixCommand save = Read(payload, WorkerJson.Default.SavePrefixCommand);
                EnqueueRun(save.Id, stop => SavePrefix(save, stop));
                break;
            case FrameType.LoadPrefix:
                LoadPrefixCommand cache = Read(payload, WorkerJson.Default.LoadPrefixCommand);
                Enqueue(() => LoadPrefix(cache));
                break;
            case FrameType.Abort when BinaryPrimitives.ReadInt32LittleEndian(payload) == _runId:
                // On the thread pool: rkllm_abort may block.
                _ = _stop?.CancelAsync();
                break;
            case FrameType.Shutdown:
                Enqueue(Shutdown);
                break;
        }
    }

    private void EnqueueRun(int runId, Action<CancellationToken> run)
    {
        CancellationTokenSource source = new();
        (_runId, _stop) = (runId, source);
        Enqueue(() => run(source.Token));
    }

    private void Enqueue(Action command) => _commands.Add(command);

    /// <summary>Executes the commands one after the other on the main thread. All calls of the library come from this thread, except runs and aborts.</summary>
    private void ExecuteCommands()
    {
        foreach (Action command in _commands.GetConsumingEnumerable())
            command();
    }

    private void Probe(ProbeCommand command)
    {
        try
        {
            RkllmLibrary library = RkllmLibrary.Load(command.LibraryPath, command.VersionOverride);
            Send(FrameType.Probed, RuntimeInfo.From(library.Identity), WorkerJson.Default.RuntimeInfo);
        }
        catch (RkllmException ex)
        {
            PrintLogMark(LoadMark);
            Send(FrameType.Failed, FailedReply.From(ex), WorkerJson.Default.FailedReply);
        }
    }

    private void Probe(EncoderProbeCommand command)
    {
        try
        {
            RknnLibrary library = RknnLibrary.Load(command.LibraryPath);
            Send(FrameType.EncoderProbed, new EncoderLibraryInfo(library.Version, library.Warning), WorkerJson.Default.EncoderLibraryInfo);
        }
        catch (RknnException ex)
        {
            PrintLogMark(LoadMark);
            Send(FrameType.Failed, new FailedReply(ex.Message, null), WorkerJson.Default.FailedReply);
        }
    }

    private void Load(LoadCommand command)
    {
        try
        {
            RkllmLibrary library = RkllmLibrary.Load(command.LibraryPath, command.VersionOverride);
            _model = RkllmModel.Load(library, new()
            {
                ModelPath = command.ModelPath,
                MaxContextLength = command.MaxContextLength,
                MaxNewTokens = command.MaxNewTokens,
                Sampling = command.Sampling,
                CpuMask = ModelParameters.BigCores(WorkerEnvironment.ProcessorCount),
                NpuDomain = command.NpuDomain,
            });
            _cache = new(command.ReusesKvCache);
            _vectors = new(_model, _cache);
            _texts = new(_model, _cache, _frames);
            bool disabled = command.KeepsChatTemplate || _model.DisableChatTemplate();
            PrintLogMark(LoadMark);
            Send(
                FrameType.Loaded,
                new LoadedReply(RuntimeInfo.From(library.Identity), _model.HasPerRunSampling, disabled),
                WorkerJson.Default.LoadedReply);
        }
        catch (RkllmException ex)
        {
            PrintLogMark(LoadMark);
            Send(FrameType.Failed, FailedReply.From(ex), WorkerJson.Default.FailedReply);
        }
    }

    private static void PrintLogMark(int mark) => WorkerEnvironment.PrintLine(Encoding.ASCII.GetBytes($"{LogMark}{mark}"));

    // The end is sent only after rkllm_run has returned, because the server then starts the next run.
    private void Generate(RunCommand command, CancellationToken cancellationToken) => SendEnd(command.Id, _texts!.Generate(command, cancellationToken));

    private void Embed(EmbedCommand command, CancellationToken cancellationToken) => RunAndSendEnd(command.Id, () =>
    {
        (float[] vector, int tokens) = _vectors!.Embed(command, cancellationToken);
        return AddVector(command.Id, vector, tokens);
    });

    private void Score(ScoreCommand command, CancellationToken cancellationToken) =>
        RunAndSendEnd(command.Id, () => AddVector(command.Id, _vectors!.Score(command, cancellationToken), 0));

    private RunEnd AddVector(int id, float[] vector, int tokens)
    {
        byte[] payload = new byte[4 + (4 * vector.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(payload, id);
        MemoryMarshal.AsBytes<float>(vector).CopyTo(payload.AsSpan(4));
        _frames.Add(FrameType.Vector, payload);
        return new(RunEndReason.Stop, tokens, null, null);
    }

    private void LoadPrefix(LoadPrefixCommand command)
    {
        bool isLoaded = _model!.LoadPromptCache(command.Path);
        if (isLoaded)
            _cache.Load(command.Tokens);
        else
            _cache.Forget();
        Send(FrameType.PrefixLoaded, new PrefixLoadedReply(isLoaded), WorkerJson.Default.PrefixLoadedReply);
    }

    private void SavePrefix(SavePrefixCommand command, CancellationToken cancellationToken) => RunAndSendEnd(command.Id, () =>
    {
        IReadOnlyList<int> generated = _model!.SavePromptCache(command.Tokens, command.Path, cancellationToken);
        _cache.Replace([.. command.Tokens, .. generated]);
        foreach (int token in generated)
            _frames.AddToken(command.Id, token, []);

        // The end has no tokens, so that the server also looks for errors that the library has only printed.
        return new(RunEndReason.Stop, 0, null, null);
    });

    /// <summary>Executes a run that does not generate text, and sends its end. If it fails, the contents of the KV cache are unknown afterwards.</summary>
    private void RunAndSendEnd(int id, Func<RunEnd> run)
    {
        RunEnd end;
        try
        {
            end = run();
        }
        catch (RkllmException ex)
        {
            _cache.Forget();
            end = new(RunEndReason.Error, 0, null, ex.Message);
        }
        catch (OperationCanceledException)
        {
            _cache.Forget();
            end = new(RunEndReason.Cancelled, 0, null, null);
        }

        SendEnd(id, end);
    }

    private void SendEnd(int runId, RunEnd end)
    {
        if (end.NeedsExplanation())
            PrintLogMark(runId);
        Send(FrameType.Ended, new EndedReply(runId, end), WorkerJson.Default.EndedReply);
    }

    private void Shutdown()
    {
        _model?.Dispose();
        WorkerEnvironment.ExitNow(0);
    }

    private void Send<T>(FrameType type, T message, JsonTypeInfo<T> typeInfo)
    {
        _frames.Add(type, JsonSerializer.SerializeToUtf8Bytes(message, typeInfo));
        _frames.Flush();
    }

    private static T Read<T>(ReadOnlySpan<byte> payload, JsonTypeInfo<T> typeInfo) =>
        JsonSerializer.Deserialize(payload, typeInfo) ?? throw new JsonException("empty message");
}
