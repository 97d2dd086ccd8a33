// What PM2 starts: the app's own ecosystem.config.js, with the place of its release,
// the variables of its environment and the log files of the runbook laid over it.
const { D2_SERVICE: name, D2_RELEASE: cwd, D2_VARIABLES: told, PM2_HOME: home } = process.env
for (const key of ['D2_SERVICE', 'D2_RELEASE', 'D2_VARIABLES']) delete process.env[key]

const variables = JSON.parse(told)
const app = require(`${cwd}/ecosystem.config.js`).apps.find((each) => each.name === name)
if (!app) throw new Error(`ecosystem.config.js has no app named ${name}`)

module.exports = {
  apps: [{
    ...app,
    cwd,
    env: { ...app.env, ...app[`env_${variables.NODE_ENV}`], ...variables },
    out_file: `${home}/logs/${name}-out.log`,
    error_file: `${home}/logs/${name}-error.log`,
    merge_logs: true,
  }],
}
