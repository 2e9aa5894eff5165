using System.Text;
using RkLlama.Engine.Stored;

namespace RkLlama.Engine.Tests.Stored;

/// <summary>Stored answers: what is found, bounds, age, restarts, and the separation of keys.</summary>
public sealed class AnswerStoreTests : AnswerStoreFixture
{
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
            Time.Advance(TimeSpan.FromSeconds(1));
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
        Log.Should().ContainSingle().Which.Should().Contain("resp_1");
    }

    [Fact]
    public async Task Old_answers_are_not_found_and_their_files_are_deleted()
    {
        AnswerStore store = NewStore();
        Put(store, "resp_1");
        await WriteAsync(store);
        Time.Advance(TimeSpan.FromHours(25));
        store = NewStore();
        Put(store, "resp_2");

        store.Find(Mine, StoredKind.Response, "resp_1").Should().BeNull();
        await WriteAsync(store);

        System.IO.Directory.GetFiles(Directory).Select(Path.GetFileName).Should().Equal("resp_2.answer");
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
        Time.Shift = TimeSpan.FromHours(25);

        for (int i = 0; i < 4; i++)
        {
            Time.Advance(TimeSpan.FromMinutes(4));
            Put(store, $"resp_{i}");
            await store.FlushAsync();
        }

        await store.FlushAsync();
        await end.CancelAsync();
        await running;
        File.Exists(Path.Join(Directory, "resp_old.answer")).Should().BeFalse();
        File.Exists(Path.Join(Directory, "resp_3.answer")).Should().BeTrue();
    }
}
