using System.Text;
using Microsoft.Extensions.Logging;
using RkLlama.Engine.Stored;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Stored;

/// <summary>A store of answers in a directory of its own, and a clock that the tests set.</summary>
public abstract class AnswerStoreFixture : IDisposable
{
    protected const string Mine = "mine", Other = "other";

    private protected TempDirectory Root { get; } = new();

    private protected SettableTime Time { get; } = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private protected List<string> Log { get; } = [];

    private protected string Directory => Path.Join(Root.Path, "responses");

    public void Dispose()
    {
        Root.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static AnswerStore Filled(AnswerStore store, int count)
    {
        for (int i = 0; i < count; i++)
            Put(store, $"resp_{i}");
        return store;
    }

    private protected static void Put(AnswerStore store, string id, string input = "[]", string output = "{}", StoredState state = StoredState.Ended) =>
        store.Put(Entry(id) with { State = state }, Encoding.UTF8.GetBytes(input), Encoding.UTF8.GetBytes(output)).Should().BeTrue();

    private protected static StoredEntry Entry(string id) => new(id, StoredKind.Response, Mine, 1) { State = StoredState.Ended };

    private protected static string? TextOf(AnswerStore store, string id) =>
        store.Find(Mine, StoredKind.Response, id) is { } found ? $"{Encoding.UTF8.GetString(found.Input.Span)} {Encoding.UTF8.GetString(found.Output.Span)}" : null;

    /// <summary>Writes what is queued, as at the stop of the server.</summary>
    private protected static Task WriteAsync(AnswerStore store) => store.RunAsync(new CancellationToken(canceled: true));

    private protected AnswerStore NewStore(long maxBytes = 64 << 20) => NewStore(Root.Path, maxBytes);

    private protected AnswerStore NewStore(string? state, long maxBytes = 64 << 20) =>
        new(new() { ModelsDirectory = Root.Path, StateDirectory = state, StoreBytes = maxBytes }, Time, new ListLogger(Log));

    private sealed class ListLogger(List<string> lines) : ILogger<AnswerStore>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(formatter(state, exception));
    }
}
