/* AWSAuthenticationPlugin of the local AWS's database, as RDS names its own.

   It takes the login token from the client and hands it, with the user, to the
   Unix socket that D2_IAM_SOCKET names, where token.go verifies it. One byte
   comes back: 'y' lets the user in. */

#include <mysql/plugin_auth.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int write_all(int to, const char *data, size_t left)
{
  while (left > 0)
  {
    ssize_t went= write(to, data, left);
    if (went <= 0)
      return 0;
    data+= went;
    left-= (size_t) went;
  }
  return 1;
}

static int is_let_in(const char *user, size_t user_length, const char *token, size_t token_length)
{
  struct sockaddr_un address= { .sun_family= AF_UNIX };
  const char *path= getenv("D2_IAM_SOCKET");
  char answer= 'n';
  int verifier;

  if (path == NULL || strlen(path) >= sizeof(address.sun_path))
    return 0;
  strcpy(address.sun_path, path);
  verifier= socket(AF_UNIX, SOCK_STREAM, 0);
  if (verifier < 0)
    return 0;
  if (connect(verifier, (struct sockaddr *) &address, sizeof(address)) == 0 &&
      write_all(verifier, user, user_length) && write_all(verifier, "\n", 1) &&
      write_all(verifier, token, token_length) && write_all(verifier, "\n", 1) &&
      read(verifier, &answer, 1) != 1)
    answer= 'n';
  close(verifier);
  return answer == 'y';
}

static int authenticate(MYSQL_PLUGIN_VIO *vio, MYSQL_SERVER_AUTH_INFO *info)
{
  unsigned char *packet;
  int length= vio->read_packet(vio, &packet);

  info->password_used= PASSWORD_USED_YES;
  if (length <= 0)
    return CR_ERROR;
  /* The client's packet ends with a zero byte. */
  return is_let_in(info->user_name, info->user_name_length, (char *) packet, strnlen((char *) packet, (size_t) length))
    ? CR_OK : CR_ERROR;
}

static struct st_mysql_auth plugin=
{
  .interface_version= MYSQL_AUTHENTICATION_INTERFACE_VERSION,
  .client_auth_plugin= "mysql_clear_password",
  .authenticate_user= authenticate,
};

maria_declare_plugin(aws_auth)
{
  MYSQL_AUTHENTICATION_PLUGIN, &plugin, "AWSAuthenticationPlugin", "D2", "Login by IAM token, as RDS has it",
  PLUGIN_LICENSE_GPL, NULL, NULL, 0x0100, NULL, NULL, "1.0", MariaDB_PLUGIN_MATURITY_EXPERIMENTAL
}
maria_declare_plugin_end;
