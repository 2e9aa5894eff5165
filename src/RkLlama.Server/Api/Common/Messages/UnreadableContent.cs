namespace RkLlama.Server.Api.Common.Messages;

/// <summary>
/// Content of a conversation that a text model cannot read, such as pictures. In the newest turn it is an error, because the answer would be about something
/// that the model has not seen. In older turns it is left out, and the response header <c>X-RkLlama-Ignored</c> names it. Not thread-safe: one request uses it.
/// </summary>
/// <param name="newestTurn">Index of the last message of the user: the newest turn starts there. 0 if there is no such message.</param>
internal sealed class UnreadableContent(int newestTurn)
{
    private readonly SortedSet<string> _omitted = new(StringComparer.Ordinal);

    /// <summary>Types of the content that was left out, for example <c>image_url</c>.</summary>
    internal IReadOnlyCollection<string> Omitted => _omitted;

    /// <summary>Finds the newest turn of a conversation.</summary>
    /// <param name="roles">The roles of the messages, oldest first; null for an item without a role.</param>
    internal static UnreadableContent In(IEnumerable<string?> roles)
    {
        int newest = 0;
        foreach ((int index, string? role) in roles.Index())
        {
            if (string.Equals(role, "user", StringComparison.OrdinalIgnoreCase))
                newest = index;
        }

        return new(newest);
    }

    /// <summary>Leaves content out, if the message belongs to an older turn.</summary>
    /// <param name="message">Index of the message.</param>
    /// <param name="type">Type of the content.</param>
    /// <returns>False if the message belongs to the newest turn. Then the caller reports the error.</returns>
    internal bool TryOmit(int message, string type)
    {
        if (message >= newestTurn)
            return false;
        _omitted.Add(type);
        return true;
    }
}
