using System.Globalization;
using System.Text;
using RkLlama.Hub.Download;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Pull;

/// <summary>
/// Downloads the files of a plan into a directory that becomes the model's directory afterwards. The .rkllm file gets its name only when all files are complete and
/// checked, so the directory is not a model before. After a failure the files are kept, and the next pull continues with them. Thread-safe for different
/// directories.
/// </summary>
/// <param name="downloader">Downloads files; <see langword="null"/> if the plans have local files only.</param>
/// <param name="rate">The bound on the rate of copies.</param>
internal sealed class ModelPull(FileDownloader? downloader, RateLimit rate)
{
    /// <summary>The extension of unfinished files.</summary>
    internal const string PartExtension = ".part";

    private const string ModelfileName = "Modelfile";

    // Free space beyond the files, in percent of what is missing.
    private const int SparePercent = 5;

    /// <summary>Downloads what is missing.</summary>
    /// <param name="directory">The directory. It exists, and only this pull changes it.</param>
    /// <param name="report">Called with each step, by several threads, one at a time for each file. Must not throw.</param>
    /// <returns>Sentences about what the model lacks, without periods.</returns>
    /// <exception cref="HubException">The download failed.</exception>
    internal async Task<IReadOnlyList<string>> RunAsync(PullPlan plan, string directory, Action<PullProgress> report, CancellationToken cancellationToken)
    {
        CheckNames(plan);
        List<string> missing = [.. plan.Warnings];
        try
        {
            CheckSpace(plan, directory);
            foreach (PlannedFile file in plan.PromptFiles)
            {
                try
                {
                    await FetchAsync(file, directory, report, cancellationToken).ConfigureAwait(false);
                    FinishFile(file, directory);
                }
                catch (HubException ex) when (ex.Error is HubError.Gated or HubError.FileNotFound or HubError.RepositoryNotFound or HubError.TokenInvalid)
                {
                    // The model works without this file, but less exactly.
                    missing.Add($"{file.LocalPath} is missing: {ex.Message}");
                }
            }

            if (plan.Model is not null)
                await FetchAsync(plan.Model, directory, report, cancellationToken).ConfigureAwait(false);
            report(new(PullStage.Verified));
            report(new(PullStage.Writing));
            WriteModelfile(plan, directory);
            if (plan.Model is not null)
                FinishFile(plan.Model, directory);
            return missing;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new HubException(HubError.NotWritable, $"{directory} cannot be written: {ex.Message.TrimEnd('.')}", ex);
        }
    }

    private async Task FetchAsync(PlannedFile file, string directory, Action<PullProgress> report, CancellationToken cancellationToken)
    {
        string path = Path.Join(directory, file.LocalPath), part = path + PartExtension;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (file.Source is LocalFile local)
        {
            await LocalCopy.RunAsync(local, part, rate, count => report(new(PullStage.Downloading) { File = file, Completed = count }), cancellationToken).ConfigureAwait(false);
            return;
        }

        // A file of an earlier pull is complete, but may be of another version.
        bool isAdopted = File.Exists(path) && new FileInfo(path).Length == file.Size;
        if (isAdopted)
        {
            File.Move(path, part, overwrite: true);
            PartialFile.Adopt(part, file.Source.File, file.Commit);
        }

        try
        {
            await DownloadAsync().ConfigureAwait(false);
        }
        catch (HubException ex) when (isAdopted && ex.Error == HubError.Corrupt)
        {
            await DownloadAsync().ConfigureAwait(false);
        }

        Task DownloadAsync() => downloader!.DownloadAsync(
            (HubFileSource)file.Source, file.Commit, part,
            count => report(new(PullStage.Downloading) { File = file, Completed = count }),
            note => report(new(PullStage.Downloading) { File = file, Note = note }),
            cancellationToken);
    }

    private static void FinishFile(PlannedFile file, string directory)
    {
        string path = Path.Join(directory, file.LocalPath), part = path + PartExtension;
        File.Move(part, path, overwrite: true);
        File.Delete(PartialFile.JournalPath(part));
    }

    /// <summary>Writes the Modelfile, by default in the form of the owner's guide, if there is none.</summary>
    private static void WriteModelfile(PullPlan plan, string directory)
    {
        string path = Path.Join(directory, ModelfileName);
        if (plan.From is null || (plan.Modelfile is null && File.Exists(path)))
            return;
        string text = plan.Modelfile ?? $"FROM=\"{plan.From}\"\n{TokenizerLine(plan)}SYSTEM=\"\"\n";
        using FileStream file = new(path, FileMode.Create, FileAccess.Write);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private static string TokenizerLine(PullPlan plan) => (plan.TokenizerRepository ?? plan.Repository) is { Length: > 0 } repository ? $"HUGGINGFACE_PATH=\"{repository}\"\n" : "";

    private static void CheckSpace(PullPlan plan, string directory)
    {
        long missing = plan.Files.Sum(file => file.Size - Math.Min(file.Size, KeptBytes(file, directory)));
        long needed = missing + (missing * SparePercent / 100), free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < needed)
        {
            throw new HubException(HubError.NoSpace, string.Create(CultureInfo.InvariantCulture,
                $"{plan.Name} needs {needed / 1e9:0.00} GB more on the disk of {Path.GetDirectoryName(directory)}, and {free / 1e9:0.00} GB are free"));
        }
    }

    private static long KeptBytes(PlannedFile file, string directory)
    {
        string path = Path.Join(directory, file.LocalPath);
        if (file.Source is LocalFile)
            return File.Exists(path + PartExtension) ? new FileInfo(path + PartExtension).Length : 0;
        return File.Exists(path) ? new FileInfo(path).Length : PartialFile.KeptBytes(path + PartExtension, file.Source.File, file.Commit);
    }

    /// <summary>Names of files come from the hub and become paths.</summary>
    private static void CheckNames(PullPlan plan)
    {
        foreach (PlannedFile file in plan.Files)
        {
            if (file.LocalPath.Length is 0 or > 200 || file.LocalPath.Any(static c => char.IsControl(c) || c is '\\' or '"' or '\uFFFD') || file.LocalPath.Split('/').Any(static part => part is "" or "." or ".."))
                throw new HubException(HubError.InvalidAnswer, "the repository has a file with a name that is not allowed here");
        }
    }
}
