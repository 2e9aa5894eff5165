using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RkLlama.Prompts.Files;

/// <summary>
/// Opens files that come from outside, such as the files of a model. Only regular files are opened: a named pipe would block until another process opens its
/// other end, and a device may act when it is opened.
/// </summary>
public static partial class RegularFile
{
    private const string Library = "libc.so.6";
    private const int NoEntry = 2;
    private const int NotPermitted = 1;
    private const int AccessDenied = 13;
    private const int NotDirectory = 20;

    // O_RDONLY is 0. The numbers are those of Linux on x64 and arm64.
    private const int NoControllingTerminal = 0x100;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">Path of the file. Symbolic links are followed.</param>
    /// <param name="maxBytes">Maximum size, for example one of <see cref="FileLimits"/>. It also limits what can be read from a file that grows.</param>
    /// <param name="cancellationToken">Ends each later read with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="FileRefusedException">The file is not a regular file, or is too large. A read also throws it, if the file has grown.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission to read the file.</exception>
    public static Stream Open(string path, long maxBytes, CancellationToken cancellationToken = default)
    {
        FileStream file = new(OpenHandle(path, out FileStatus status), FileAccess.Read, bufferSize: 1);
        if (status.Size <= maxBytes)
            return new BoundedStream(file, path, maxBytes, cancellationToken);
        file.Dispose();
        throw FileRefusedException.TooLarge(path, maxBytes);
    }

    /// <summary>Opens a regular file of any size for reading.</summary>
    /// <exception cref="FileRefusedException">The file is not a regular file.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission to read the file.</exception>
    public static SafeFileHandle OpenHandle(string path) => OpenHandle(path, out _);

    /// <summary>Reads a whole file.</summary>
    /// <inheritdoc cref="Open"/>
    public static byte[] ReadAllBytes(string path, int maxBytes, CancellationToken cancellationToken = default)
    {
        using Stream file = Open(path, maxBytes, cancellationToken);
        using MemoryStream content = new();
        file.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>Reads a whole file as UTF-8. A byte order mark is left out.</summary>
    /// <inheritdoc cref="Open"/>
    public static string ReadAllText(string path, int maxBytes, CancellationToken cancellationToken = default)
    {
        ReadOnlySpan<byte> bytes = ReadAllBytes(path, maxBytes, cancellationToken);
        return Encoding.UTF8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes);
    }

    private static SafeFileHandle OpenHandle(string path, out FileStatus status)
    {
        // The first check avoids opening a device. The second one is the reliable one, because it is made on the open file.
        if (FileStatus.TryRead(-100, path, 0, out status) is var error && error != 0)
            throw Failure(path, error);
        ThrowIfNotRegular(path, status);

        int descriptor = open(path, NoControllingTerminal | NonBlocking | CloseOnExec);
        if (descriptor < 0)
            throw Failure(path, Marshal.GetLastPInvokeError());
        SafeFileHandle handle = new(descriptor, ownsHandle: true);
        try
        {
            status = FileStatus.Of(handle);
            ThrowIfNotRegular(path, status);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void ThrowIfNotRegular(string path, FileStatus status)
    {
        if (status.Kind != FileKind.Regular)
            throw FileRefusedException.NotRegular(path, status.Kind);
    }

    /// <summary>Returns the exception that .NET's own methods throw for an error.</summary>
    private static Exception Failure(string path, int error) => error switch
    {
        NoEntry => new FileNotFoundException($"Could not find file '{path}'.", path),
        NotDirectory => new DirectoryNotFoundException($"Could not find a part of the path '{path}'."),
        NotPermitted or AccessDenied => new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
        _ => new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error),
    };

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    /// <summary>Reads a file from start to end. A read throws if the file has more bytes than the limit.</summary>
    private sealed class BoundedStream(FileStream file, string path, long maxBytes, CancellationToken cancellationToken) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => file.Length;

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = file.Read(buffer);
            _read += count;
            return _read <= maxBytes ? count : throw FileRefusedException.TooLarge(path, maxBytes);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }
    }
}
