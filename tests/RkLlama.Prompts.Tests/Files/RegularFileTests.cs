using RkLlama.Prompts.Files;
using RkLlama.Prompts.Tests.Building;

namespace RkLlama.Prompts.Tests.Files;

public sealed class RegularFileTests : IDisposable
{
    private readonly ModelDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_regular_file_is_read_also_through_a_link()
    {
        _directory.Add("a.txt", "\uFEFFtext");
        File.CreateSymbolicLink(At("b.txt"), "a.txt");

        RegularFile.ReadAllText(At("b.txt"), 100).Should().Be("text");
    }

    [Fact]
    public void A_named_pipe_is_refused_without_waiting()
    {
        _directory.AddPipe("pipe");

        Read("pipe").Should().Throw<FileRefusedException>().WithMessage($"'{At("pipe")}' is a named pipe, not a regular file.");
    }

    [Fact]
    public void A_directory_a_socket_and_a_device_are_refused()
    {
        using System.Net.Sockets.Socket socket = new(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, default);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(At("socket")));

        Read(".").Should().Throw<FileRefusedException>().WithMessage("*a directory*");
        Read("socket").Should().Throw<FileRefusedException>().WithMessage("*a socket*");
        FluentActions.Invoking(() => RegularFile.ReadAllBytes("/dev/zero", 10)).Should().Throw<FileRefusedException>().WithMessage("*a device*");
    }

    [Fact]
    public void The_size_limit_is_inclusive_and_the_message_names_file_and_limit()
    {
        _directory.Add("fits", new string('x', 2048)).Add("large", new string('x', 2049));

        RegularFile.ReadAllBytes(At("fits"), 2048).Should().HaveCount(2048);
        FluentActions.Invoking(() => RegularFile.ReadAllBytes(At("large"), 2048)).Should().Throw<FileRefusedException>()
            .WithMessage($"'{At("large")}' is larger than the limit for this file, 2 KiB.");
    }

    [Fact]
    public void A_file_that_grows_while_it_is_read_is_refused()
    {
        _directory.Add("log", "1234");
        using Stream file = RegularFile.Open(At("log"), 4);
        File.AppendAllText(At("log"), "5");

        FluentActions.Invoking(() => file.CopyTo(Stream.Null)).Should().Throw<FileRefusedException>();
    }

    [Fact]
    public void A_missing_file_is_reported_as_by_the_base_class_library()
    {
        _directory.Add("a", "");

        Read("none").Should().Throw<FileNotFoundException>();
        Read("a/none").Should().Throw<DirectoryNotFoundException>();
    }

    [Fact]
    public void A_cancelled_token_ends_the_read()
    {
        _directory.Add("a", "text");
        using CancellationTokenSource cancelled = new();
        using Stream file = RegularFile.Open(At("a"), 100, cancelled.Token);
        cancelled.Cancel();

        FluentActions.Invoking(() => file.ReadByte()).Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void The_status_has_size_and_times_and_changes_with_the_content()
    {
        _directory.Add("a", "text");
        FileStatus before = FileStatus.Of(At("a"))!.Value;

        File.WriteAllText(At("a"), "longer");
        File.SetLastWriteTimeUtc(At("a"), DateTime.UnixEpoch.AddSeconds(1));
        FileStatus after = FileStatus.Of(At("a"))!.Value;

        (before.Kind, before.Size).Should().Be((FileKind.Regular, 4));
        (after.Size, after.Modified).Should().Be((6, 1_000_000_000));
        after.Inode.Should().Be(before.Inode);
        FileStatus.Of(_directory.Path)!.Value.Kind.Should().Be(FileKind.Directory);
        FileStatus.Of(At("none")).Should().BeNull();
    }

    private string At(string name) => Path.Combine(_directory.Path, name);

    private Action Read(string name) => () => RegularFile.ReadAllBytes(At(name), 100);
}
