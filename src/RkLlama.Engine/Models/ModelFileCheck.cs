using System.Text;
using Microsoft.Win32.SafeHandles;
using RkLlama.Engine.Diagnostics;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models;

/// <summary>
/// Detects files that are not models before the vendor library opens them. For such a file, the library only prints an error line, or ends the process.
/// </summary>
internal static class ModelFileCheck
{
    private const int MinModelBytes = 64;
    private const int HeadBytes = 512;

    /// <summary>
    /// Checks that the file exists, can be read, has at least 64 bytes, and is not a Git LFS pointer, a GGUF file or a web page. Does not check that it is
    /// a valid model.
    /// </summary>
    /// <returns>A sentence with the problem and the remedy; null if no problem was found.</returns>
    public static string? FindProblem(string path)
    {
        if (Directory.Exists(path))
        {
            return $"'{path}' is a directory; FROM must name the .rkllm file in it.";
        }

        try
        {
            using SafeFileHandle file = RegularFile.OpenHandle(path);
            byte[] head = new byte[HeadBytes];
            int length = RandomAccess.Read(file, head, 0);
            return DescribeContent(path, RandomAccess.GetLength(file), head.AsSpan(0, length));
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return DescribeMissing(path);
        }
        catch (FileRefusedException ex)
        {
            return $"{ex.Message.TrimEnd('.')}; FROM must name the .rkllm file.";
        }
        catch (UnauthorizedAccessException)
        {
            return $"The model file '{path}' may not be read by the user '{CurrentUser.Name}'; allow it, with chmod or chown, also on the directories above it.";
        }
        catch (IOException ex)
        {
            return $"The model file '{path}' cannot be read ({ex.Message.TrimEnd('.')}); check the disk, and the link if it is one.";
        }
    }

    private static string DescribeMissing(string path) =>
        new FileInfo(path).LinkTarget is { } target
            ? $"'{path}' is a link to '{target}', which does not exist; put the model there or link to where it is."
            : $"The model file '{path}' does not exist; copy or link the .rkllm file there, or correct FROM in the Modelfile.";

    private static string? DescribeContent(string path, long size, ReadOnlySpan<byte> head)
    {
        if (size == 0)
        {
            return $"The model file '{path}' is empty; copy or download it again.";
        }

        if (head.StartsWith("version https://git-lfs"u8))
        {
            return $"'{path}' is a Git LFS pointer of {size} bytes, not the model; fetch the model itself with 'git lfs pull'.";
        }

        if (head.StartsWith("GGUF"u8))
        {
            return $"'{path}' is a GGUF file of {size} bytes, which the NPU runtime cannot load; use a model converted to .rkllm.";
        }

        if (IsWebPage(head))
        {
            return $"'{path}' is a saved web page of {size} bytes, not a model; download the file itself (the link with '/resolve/', not '/blob/').";
        }

        return head.Length < MinModelBytes
            ? $"The model file '{path}' has only {head.Length} bytes; copy or download it again."
            : null;
    }

    private static bool IsWebPage(ReadOnlySpan<byte> head)
    {
        string start = Encoding.Latin1.GetString(head.StartsWith("\uFEFF"u8) ? head[3..] : head).TrimStart();
        return start.StartsWith("<!DOC", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<html", StringComparison.OrdinalIgnoreCase);
    }
}
