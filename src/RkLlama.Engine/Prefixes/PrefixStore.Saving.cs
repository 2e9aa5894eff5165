using RkLlama.Engine.Metrics;
using RkLlama.Native;

namespace RkLlama.Engine.Prefixes;

/// <content>Saves prefixes.</content>
internal sealed partial class PrefixStore
{
    /// <summary>Creates an empty file, in which the runtime then saves a prefix.</summary>
    /// <param name="tokens">Number of tokens of the prefix.</param>
    /// <returns>
    /// The path of the file; <see langword="null"/> if there is not enough space for it. The necessary space is estimated from the last file of the model, or from the
    /// usual size of a token.
    /// </returns>
    internal string? Prepare(string model, int tokens)
    {
        long estimate = (long)(tokens * _bytesPerToken.GetValueOrDefault(model, UsualBytesPerToken));
        try
        {
            if (estimate > _maxBytes)
                return Drop(model, $"{tokens} tokens need about {estimate >> 10} KiB, which is more than --prompt-cache allows");
            if (_directory is not { } directory || directory.FreeBytes < estimate)
                return Drop(model, "there is not enough space on the disk");
            lock (_lock)
            {
                directory.Shrink(_maxBytes - estimate, keep: model);
                return directory.CreateTemporary(model);
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return Drop(model, ex.Message.TrimEnd('.'));
        }
    }

    /// <summary>Makes a complete file that of its model. Deletes those of other models if all together are too large.</summary>
    /// <param name="temporary">The file of <see cref="Prepare"/>. It no longer exists afterwards.</param>
    /// <param name="isWanted">Returns whether the model still exists. Called again after the change.</param>
    /// <returns>Whether the prefix is saved.</returns>
    internal bool Commit(PrefixIdentity identity, string temporary, int[] tokens, int[] generated, Func<bool> isWanted)
    {
        try
        {
            long bytes = new FileInfo(temporary).Length;
            if (bytes == 0)
            {
                Log.Unsupported(_logger, identity.Model);
                _metrics.RecordPrefixFailure(PrefixFailureLabel.Unsupported);
                Disable(identity);
                return false;
            }

            _bytesPerToken[identity.Model] = (double)bytes / tokens.Length;
            if (bytes > _maxBytes || _directory is not { } directory)
            {
                Drop(identity.Model, $"its {bytes} bytes are more than --prompt-cache allows");
                return false;
            }

            string hash;
            using (FileStream file = new(temporary, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0))
                hash = FileHash.Sha256Of(file);
            PrefixSidecar sidecar = new(PrefixSidecar.CurrentFormat, identity, bytes, hash, tokens, generated);
            lock (_lock)
            {
                directory.Shrink(_maxBytes - bytes, keep: identity.Model);
                directory.Commit(identity.Model, temporary, sidecar);
                MarkUsed(identity.Model);
            }

            _saved[identity.Model] = tokens;
            if (!isWanted())
            {
                Remove(identity.Model);
                return false;
            }

            _metrics.RecordPrefixSave();
            Log.Saved(_logger, identity.Model, tokens.Length, bytes);
            return true;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Drop(identity.Model, ex.Message.TrimEnd('.'));
            return false;
        }
        finally
        {
            Delete(temporary);
        }
    }

    /// <summary>Records that a prefix was not saved.</summary>
    /// <returns>Always <see langword="null"/>.</returns>
    internal string? Drop(string model, string reason)
    {
        Log.Dropped(_logger, model, reason);
        _metrics.RecordPrefixFailure(PrefixFailureLabel.NotSaved);
        return null;
    }

    /// <summary>Deletes a file of <see cref="Prepare"/>.</summary>
    internal void Delete(string temporary)
    {
        try
        {
            File.Delete(temporary);
            File.Delete(temporary + ".json");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NotDeleted(_logger, temporary, ex.Message);
        }
    }
}
