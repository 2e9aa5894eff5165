using RkLlama.Engine.Models.Store;

namespace RkLlama.Engine.Tests.Support;

/// <summary>Changes of the models directory, of which one fails, or one and all later ones.</summary>
internal sealed class FaultyFiles : IStoreFiles
{
    private readonly StoreFiles _real = new();
    private int _calls;

    /// <summary>The number of the change that fails, from 1 on; 0 for none.</summary>
    internal int FailAt { get; init; }

    /// <summary>Whether the later changes fail, too: then it looks as if the process was killed.</summary>
    internal bool IsKilled { get; init; }

    /// <summary>The value of errno of the failure.</summary>
    internal int Error { get; init; } = 5;

    /// <summary>The failing change is half done: a file is there, but empty.</summary>
    internal bool LeavesHalf { get; init; }

    internal int Calls => _calls;

    /// <summary>Called before each change, with its number.</summary>
    internal Action<int>? Before { get; init; }

    public IDisposable CreateLocked(string directory) => Next(directory) ? _real.CreateLocked(directory) : throw Failure();

    public void Link(string source, string destination, CancellationToken cancellationToken)
    {
        if (Next(destination))
            _real.Link(source, destination, cancellationToken);
        else
            throw Failure(destination);
    }

    public void Write(string path, ReadOnlySpan<byte> content)
    {
        if (!Next(path))
            throw Failure(path);
        _real.Write(path, content);
    }

    public bool TryRename(string source, string destination) => Next(source) ? _real.TryRename(source, destination) : throw Failure();

    public void Replace(string source, string destination)
    {
        if (!Next(source))
            throw Failure();
        _real.Replace(source, destination);
    }

    public void Exchange(string one, string other)
    {
        if (!Next(one))
            throw Failure();
        _real.Exchange(one, other);
    }

    public void Delete(string path)
    {
        if (!Next(path))
            throw Failure();
        _real.Delete(path);
    }

    public bool TryDeleteUnlocked(string path) => Next(path) ? _real.TryDeleteUnlocked(path) : throw Failure();

    public void Sync(string directory)
    {
        if (!Next(directory))
            throw Failure();
        _real.Sync(directory);
    }

    private bool Next(string path)
    {
        _ = path;
        _calls++;
        Before?.Invoke(_calls);
        return FailAt == 0 || (IsKilled ? _calls < FailAt : _calls != FailAt);
    }

    private IOException Failure(string? file = null)
    {
        if (LeavesHalf && file is not null)
            File.WriteAllText(file, "");
        return new($"error {Error}", Error);
    }
}
