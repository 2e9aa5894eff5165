using System.Text;
using Microsoft.Extensions.Logging;
using RkLlama.Engine.Stored;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Stored;

/// <summary>The files of stored answers: bounds, age, damage, a full disk, restarts, and the separation of keys.</summary>
#pragma warning disable CA1416 // file modes do not exist on Windows, and this program runs on Linux only
public sealed class AnswerStoreTests : IDisposable
{
    private const string Mine = "mine", Other = "other";
    private readonly TempDirectory _root = new();
    private readonly SettableTime _time = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<string> _log = [];

    private string Directory => Path.Join(_root.Path, "responses");

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task An_answer_is_found_at_once_and_after_a_restart()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1", "[1]", "{\"a\":1}");
        TextOf(store, "resp_1").Should().Be("[1] {\"a\":1}");

        await WriteAsync(store);

        TextOf(store, "resp_1").Should().Be("[1] {\"a\":1}");
        TextOf(NewStore(), "resp_1").Should().Be("[1] {\"a\":1}");
    }

    [Fact]
    public async Task Files_and_directory_are_only_for_the_owner()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1");

        await WriteAsync(store);

        File.GetUnixFileMode(Path.Join(Directory, "resp_1.answer")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(Directory).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task Another_key_neither_finds_nor_lists_nor_changes_nor_deletes_an_answer()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1", "[1]", "{}");

        store.Find(Other, StoredKind.Response, "resp_1").Should().BeNull();
        store.FindEntry(Other, StoredKind.Response, "resp_1").Should().BeNull();
        store.List(Other, StoredKind.Response).Should().BeEmpty();
        store.SetOutput(Other, StoredKind.Response, "resp_1", "x"u8.ToArray(), StoredState.Ended).Should().BeFalse();
        (await store.DeleteAsync(Other, StoredKind.Response, "resp_1")).Should().BeFalse();
        store.Find(Mine, StoredKind.ChatCompletion, "resp_1").Should().BeNull();
        TextOf(store, "resp_1").Should().Be("[1] {}");
    }

    [Fact]
    public async Task A_run_that_the_restart_cut_is_interrupted_with_its_input()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1", "[1]", "{\"status\":\"in_progress\"}", StoredState.Running);
        await WriteAsync(store);

        StoredContent? found = NewStore().Find(Mine, StoredKind.Response, "resp_1");

        found!.Entry.State.Should().Be(StoredState.Interrupted);
        Encoding.UTF8.GetString(found.Input.Span).Should().Be("[1]");
    }

    [Fact]
    public async Task A_new_output_keeps_the_input_that_is_in_the_file()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1", "[1]", "{}", StoredState.Running);
        await WriteAsync(store);

        store = NewStore();
        store.SetOutput(Mine, StoredKind.Response, "resp_1", "{\"done\":true}"u8.ToArray(), StoredState.Ended).Should().BeTrue();
        TextOf(store, "resp_1").Should().Be("[1] {\"done\":true}");
        await WriteAsync(store);

        TextOf(NewStore(), "resp_1").Should().Be("[1] {\"done\":true}");
        NewStore().FindEntry(Mine, StoredKind.Response, "resp_1")!.State.Should().Be(StoredState.Ended);
    }

    [Fact]
    public async Task The_oldest_answers_are_deleted_if_all_together_are_too_large()
    {
        AnswerStore store = NewStore(maxBytes: 100_000);
        for (int i = 0; i < 10; i++)
        {
            Put(store, $"resp_{i}", "[]", new string('x', 20_000));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        await WriteAsync(store);

        store.List(Mine, StoredKind.Response).Select(static entry => entry.Id).Should().Equal("resp_6", "resp_7", "resp_8", "resp_9");
        System.IO.Directory.GetFiles(Directory).Select(Path.GetFileName).Should().BeEquivalentTo("resp_6.answer", "resp_7.answer", "resp_8.answer", "resp_9.answer");
    }

    [Fact]
    public void An_active_run_is_never_deleted_for_others()
    {
        AnswerStore store = NewStore(maxBytes: 60_000);
        Put(store, "resp_run", "[]", "{}", StoredState.Running);
        for (int i = 0; i < 10; i++)
            Put(store, $"resp_{i}", "[]", new string('x', 20_000));

        TextOf(store, "resp_run").Should().Be("[] {}");
    }

    [Fact]
    public void An_answer_that_is_larger_than_the_store_is_refused()
    {
        AnswerStore store = NewStore(maxBytes: 10_000);

        store.Put(Entry("resp_1"), "[]"u8.ToArray(), new byte[20_000]).Should().BeFalse();

        store.List(Mine, StoredKind.Response).Should().BeEmpty();
        _log.Should().ContainSingle().Which.Should().Contain("resp_1");
    }

    [Fact]
    public async Task Old_answers_are_not_found_and_their_files_are_deleted()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1");
        await WriteAsync(store);
        _time.Advance(TimeSpan.FromHours(25));
        store = NewStore();
        Put(store, "resp_2");

        store.Find(Mine, StoredKind.Response, "resp_1").Should().BeNull();
        await WriteAsync(store);

        System.IO.Directory.GetFiles(Directory).Select(Path.GetFileName).Should().Equal("resp_2.answer");
    }

    [Fact]
    public async Task A_deleted_answer_has_no_file_when_the_deletion_returns()
    {
        AnswerStore store = NewStore();
        using CancellationTokenSource end = new();
        Task running = store.RunAsync(end.Token);
        Put(store, "resp_1");
        await store.FlushAsync();

        (await store.DeleteAsync(Mine, StoredKind.Response, "resp_1")).Should().BeTrue();

        System.IO.Directory.GetFiles(Directory).Should().BeEmpty();
        store.SetOutput(Mine, StoredKind.Response, "resp_1", "{}"u8.ToArray(), StoredState.Ended).Should().BeFalse();
        await end.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData("")]
    [InlineData("no header\n")]
    [InlineData("{}\n")]
    [InlineData("{\"version\":9,\"entry\":{\"id\":\"resp_1\"}}\n")]
    public async Task Damaged_files_are_deleted_with_one_warning(string content)
    {
        await WriteAsync(Filled(NewStore(), 2));
        foreach (string file in System.IO.Directory.GetFiles(Directory))
            File.WriteAllText(file, content);

        AnswerStore store = NewStore();

        store.List(Mine, StoredKind.Response).Should().BeEmpty();
        System.IO.Directory.GetFiles(Directory).Should().BeEmpty();
        _log.Should().ContainSingle().Which.Should().Contain("2 stored answers were damaged");
    }

    [Fact]
    public async Task A_file_with_a_changed_byte_is_deleted_when_it_is_read()
    {
        AnswerStore store = Filled(NewStore(), 1);
        await WriteAsync(store);
        string file = System.IO.Directory.GetFiles(Directory).Single();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);

        store = NewStore();
        store.Find(Mine, StoredKind.Response, "resp_0").Should().BeNull();
        await WriteAsync(store);

        System.IO.Directory.GetFiles(Directory).Should().BeEmpty();
        _log.Should().ContainSingle().Which.Should().Contain("damaged");
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_for_a_time_is_kept()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1", "[1]");
        await WriteAsync(store);
        string file = Path.Join(Directory, "resp_1.answer");

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        store.Invoking(one => one.Find(Mine, StoredKind.Response, "resp_1")).Should().Throw<IOException>();

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        TextOf(store, "resp_1").Should().Be("[1] {}");
    }

    [Fact]
    public async Task An_update_does_not_bring_back_an_answer_that_is_deleted_meanwhile()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1");

        StoredContent? updated = store.Update(Mine, StoredKind.Response, "resp_1", content =>
        {
            _ = store.DeleteAsync(Mine, StoredKind.Response, "resp_1");
            return content;
        });
        await WriteAsync(store);

        updated.Should().BeNull();
        store.FindEntry(Mine, StoredKind.Response, "resp_1").Should().BeNull();
        System.IO.Directory.GetFiles(Directory).Should().BeEmpty();
    }

    [Fact]
    public async Task Old_answers_are_deleted_also_while_new_ones_arrive()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_old");
        using CancellationTokenSource end = new();
        Task running = store.RunAsync(end.Token);
        await store.FlushAsync();
        _time.Shift = TimeSpan.FromHours(25);

        for (int i = 0; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(4));
            Put(store, $"resp_{i}");
            await store.FlushAsync();
        }

        await store.FlushAsync();
        await end.CancelAsync();
        await running;
        File.Exists(Path.Join(Directory, "resp_old.answer")).Should().BeFalse();
        File.Exists(Path.Join(Directory, "resp_3.answer")).Should().BeTrue();
    }

    [Fact]
    public async Task Files_of_others_and_links_are_neither_read_nor_deleted()
    {
        await WriteAsync(Filled(NewStore(), 1));
        string file = Path.Join(Directory, "resp_0.answer"), target = Path.Join(_root.Path, "target");
        File.Move(file, target);
        File.CreateSymbolicLink(file, target);
        File.WriteAllText(Path.Join(Directory, "notes.txt"), "keep");

        AnswerStore store = NewStore();

        store.List(Mine, StoredKind.Response).Should().BeEmpty();
        System.IO.Directory.GetFiles(Directory).Select(Path.GetFileName).Should().BeEquivalentTo("resp_0.answer", "notes.txt");
        File.Exists(target).Should().BeTrue();
    }

    [Fact]
    public async Task The_file_of_an_interrupted_write_is_deleted()
    {
        await WriteAsync(Filled(NewStore(), 1));
        File.Copy(Path.Join(Directory, "resp_0.answer"), Path.Join(Directory, "resp_0.answer.new"));

        NewStore();

        System.IO.Directory.GetFiles(Directory).Select(Path.GetFileName).Should().Equal("resp_0.answer");
    }

    [Fact]
    public async Task If_the_disk_fails_the_answers_stay_in_memory_and_one_warning_is_logged()
    {
        AnswerStore store = NewStore();
        System.IO.Directory.Delete(Directory);

        await WriteAsync(Filled(store, 3));

        TextOf(store, "resp_0").Should().Be("[] {}");
        _log.Should().ContainSingle().Which.Should().Contain("cannot be stored");
    }

    [Fact]
    public void If_the_disk_takes_nothing_only_16_MiB_stay_in_memory()
    {
        AnswerStore store = NewStore();
        byte[] output = new byte[1 << 20];

        Enumerable.Range(0, 30).Count(i => store.Put(Entry($"resp_{i}"), "[]"u8.ToArray(), output)).Should().Be(15);
    }

    [Fact]
    public async Task Zero_turns_the_store_off_and_deletes_what_is_there()
    {
        await WriteAsync(Filled(NewStore(), 2));

        AnswerStore store = NewStore(maxBytes: 0);

        store.IsOn.Should().BeFalse();
        store.Put(Entry("resp_9"), "[]"u8.ToArray(), "{}"u8.ToArray()).Should().BeFalse();
        System.IO.Directory.GetFiles(Directory).Should().BeEmpty();
    }

    [Fact]
    public void Without_a_directory_nothing_is_stored()
    {
        NewStore(state: null).IsOn.Should().BeFalse();
        File.WriteAllText(Path.Join(_root.Path, "file"), "");
        NewStore(state: Path.Join(_root.Path, "file")).IsOn.Should().BeFalse();
    }

    private static AnswerStore Filled(AnswerStore store, int count)
    {
        for (int i = 0; i < count; i++)
            Put(store, $"resp_{i}");
        return store;
    }

    private static void Put(AnswerStore store, string id, string input = "[]", string output = "{}", StoredState state = StoredState.Ended) =>
        store.Put(Entry(id) with { State = state }, Encoding.UTF8.GetBytes(input), Encoding.UTF8.GetBytes(output)).Should().BeTrue();

    private static StoredEntry Entry(string id) => new(id, StoredKind.Response, Mine, 1) { State = StoredState.Ended };

    private static string? TextOf(AnswerStore store, string id) =>
        store.Find(Mine, StoredKind.Response, id) is { } found ? $"{Encoding.UTF8.GetString(found.Input.Span)} {Encoding.UTF8.GetString(found.Output.Span)}" : null;

    /// <summary>Writes what is queued, as at the stop of the server.</summary>
    private static Task WriteAsync(AnswerStore store) => store.RunAsync(new CancellationToken(canceled: true));

    private AnswerStore NewStore(long maxBytes = 64 << 20) => NewStore(_root.Path, maxBytes);

    private AnswerStore NewStore(string? state, long maxBytes = 64 << 20) =>
        new(new() { ModelsDirectory = _root.Path, StateDirectory = state, StoreBytes = maxBytes }, _time, new ListLogger(_log));

    private sealed class ListLogger(List<string> lines) : ILogger<AnswerStore>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(formatter(state, exception));
    }
}
