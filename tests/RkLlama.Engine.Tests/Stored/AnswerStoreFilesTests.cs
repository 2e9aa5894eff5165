using RkLlama.Engine.Stored;

namespace RkLlama.Engine.Tests.Stored;

/// <summary>The files of stored answers: modes, damage, links, a full disk, and a store that is off.</summary>
#pragma warning disable CA1416 // file modes do not exist on Windows, and this program runs on Linux only
public sealed class AnswerStoreFilesTests : AnswerStoreFixture
{
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
        Log.Should().ContainSingle().Which.Should().Contain("2 stored answers were damaged");
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
        Log.Should().ContainSingle().Which.Should().Contain("damaged");
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
    public async Task Files_of_others_and_links_are_neither_read_nor_deleted()
    {
        await WriteAsync(Filled(NewStore(), 1));
        string file = Path.Join(Directory, "resp_0.answer"), target = Path.Join(Root.Path, "target");
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
        Log.Should().ContainSingle().Which.Should().Contain("cannot be stored");
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
        File.WriteAllText(Path.Join(Root.Path, "file"), "");
        NewStore(state: Path.Join(Root.Path, "file")).IsOn.Should().BeFalse();
    }
}
