using System.Threading.Channels;

namespace RkLlama.Cli.Terminal.Editing;

/// <summary>
/// Reads the keys of the terminal on a thread of its own, also while an answer is printed: what a user types in the meantime is the beginning of the next
/// line. Ctrl-C is a key like any other. The thread ends with the process.
/// </summary>
internal sealed class KeyReader : IDisposable
{
    private readonly Channel<Key> _keys = Channel.CreateUnbounded<Key>(new() { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = false });
    private volatile Action? _interrupt;

    internal KeyReader()
    {
        Console.TreatControlCAsInput = true;
        new Thread(Run) { IsBackground = true, Name = "keys" }.Start();
    }

    internal ChannelReader<Key> Keys => _keys.Reader;

    /// <summary>Sets what Ctrl-C does instead of being a key; <see langword="null"/> for a key.</summary>
    internal void OnInterrupt(Action? action) => _interrupt = action;

    public void Dispose() => Console.TreatControlCAsInput = false;

    private void Run()
    {
        KeyDecoder decoder = new();
        Key key = default;
        while (key.Action != KeyAction.HangUp)
        {
            try
            {
                key = decoder.Read(Console.ReadKey(intercept: true));
            }
            catch (Exception ex) when (ex is IOException or InvalidOperationException)
            {
                key = new(KeyAction.HangUp);
            }

            bool isTaken = key.Action is KeyAction.Interrupt or KeyAction.HangUp && TryInterrupt();
            if (key.Action is not KeyAction.None && (key.Action is not KeyAction.Interrupt || !isTaken))
                _keys.Writer.TryWrite(key);
        }

        _keys.Writer.TryComplete();
    }

    private bool TryInterrupt()
    {
        if (_interrupt is not { } interrupt)
            return false;
        try
        {
            interrupt();
        }
        catch (ObjectDisposedException)
        {
            // The answer has ended in the meantime.
        }

        return true;
    }
}
